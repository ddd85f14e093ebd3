package deployment

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// configFor is the SDK's configuration of a principal, whose access key is its name: the record knows callers by it.
func configFor(endpoint, principal string) aws.Config {
	return aws.Config{
		Region: region, BaseEndpoint: aws.String(endpoint), RetryMaxAttempts: 2,
		Credentials: credentials.NewStaticCredentialsProvider(principal, "secret", ""),
	}
}
