package awssdk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/local"
)

// objects is what state machines do with S3.
type objects interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	PutObject(context.Context, *s3.PutObjectInput, ...func(*s3.Options)) (*s3.PutObjectOutput, error)
}

// S3 serves the SDK integrations (aws-sdk:s3:…) and the Map's reader and writer (s3:…) alike.
type S3 struct{ Client objects }

type object struct{ Bucket, Key string }

// GetObject returns {"Body": text, "ContentLength": bytes, …}. A key that is not there is S3.NoSuchKeyException.
func (s *S3) GetObject(ctx context.Context, call asl.Call) (any, error) {
	var p object
	if err := local.Parameters(call, &p); err != nil {
		return nil, err
	}
	out, err := s.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &p.Bucket, Key: &p.Key})
	if err != nil {
		return nil, refusedByS3(err)
	}
	body, err := io.ReadAll(out.Body)
	if err := errors.Join(err, out.Body.Close()); err != nil {
		return nil, refusedByS3(fmt.Errorf("read object: %w", err))
	}
	result := attributes(out.ETag, out.VersionId, out.ContentType, out.ContentLength)
	result["Body"] = string(body)
	return result, nil
}

// HeadObject returns {"ContentLength": bytes, …}. A key that is not there is S3.NoSuchKeyException.
func (s *S3) HeadObject(ctx context.Context, call asl.Call) (any, error) {
	var p object
	if err := local.Parameters(call, &p); err != nil {
		return nil, err
	}
	out, err := s.Client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &p.Bucket, Key: &p.Key})
	if err != nil {
		return nil, refusedByS3(err)
	}
	return attributes(out.ETag, out.VersionId, out.ContentType, out.ContentLength), nil
}

// PutObject writes Body: a string as it is, anything else as JSON, as Step Functions does.
func (s *S3) PutObject(ctx context.Context, call asl.Call) (any, error) {
	var p struct {
		object

		ContentType string
		Body        json.RawMessage
	}
	if err := local.Parameters(call, &p); err != nil {
		return nil, err
	}
	in := &s3.PutObjectInput{Bucket: &p.Bucket, Key: &p.Key, Body: strings.NewReader(local.Text(p.Body))}
	if p.ContentType != "" {
		in.ContentType = &p.ContentType
	}
	out, err := s.Client.PutObject(ctx, in)
	if err != nil {
		return nil, refusedByS3(err)
	}
	return attributes(out.ETag, out.VersionId, nil, nil), nil
}

func attributes(etag, version, contentType *string, length *int64) map[string]any {
	all := map[string]any{}
	for name, value := range map[string]*string{"ETag": etag, "VersionId": version, "ContentType": contentType} {
		if value != nil {
			all[name] = *value
		}
	}
	if length != nil {
		all["ContentLength"] = *length
	}
	return all
}

// refusedByS3 names S3's errors. Go's SDK knows an exception only in the calls that list it, and Java's in all of them;
// the answer to a HEAD has no code, and Java's SDK takes its 404 for a missing key.
func refusedByS3(err error) error {
	var missing *types.NotFound
	if errors.As(err, &missing) {
		return &asl.Error{Name: "S3.NoSuchKeyException", Cause: "The specified key does not exist."}
	}
	var refused smithy.APIError
	if errors.As(err, &refused) && refused.ErrorCode() == "NoSuchBucket" {
		err = &types.NoSuchBucket{Message: aws.String(refused.ErrorMessage())}
	}
	return named("S3", "S3", err)
}
