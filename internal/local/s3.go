package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/cleanreach/cleanreach/internal/asl"
	"github.com/cleanreach/cleanreach/internal/storage"
)

// S3 is the two calls of S3 that the state machine makes, on folders in place of buckets. It serves the SDK
// integrations (aws-sdk:s3:…) and the Map's reader and writer (s3:…) alike.
type S3 struct {
	Buckets map[string]*storage.Folder // by bucket name
}

type objectParameters struct {
	Bucket, Key, ContentType string
	Body                     json.RawMessage
}

// GetObject returns {"Body": text, "ContentLength": bytes}. A key that is not there is S3.NoSuchKeyException.
func (s *S3) GetObject(ctx context.Context, call asl.Call) (any, error) {
	folder, p, err := s.object(call)
	if err != nil {
		return nil, err
	}
	data, err := folder.Read(ctx, p.Key)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &asl.Error{Name: "S3.NoSuchKeyException", Cause: "The specified key does not exist."}
	case err != nil:
		return nil, &asl.Error{Name: "S3.S3Exception", Cause: err.Error()}
	}
	return map[string]any{"Body": string(data), "ContentLength": len(data)}, nil
}

// PutObject writes Body: a string as it is, anything else as JSON, as Step Functions does.
func (s *S3) PutObject(ctx context.Context, call asl.Call) (any, error) {
	folder, p, err := s.object(call)
	if err != nil {
		return nil, err
	}
	if err := folder.Write(ctx, p.Key, []byte(Text(p.Body))); err != nil {
		return nil, &asl.Error{Name: "S3.S3Exception", Cause: err.Error()}
	}
	return map[string]any{}, nil
}

func (s *S3) object(call asl.Call) (*storage.Folder, objectParameters, error) {
	var p objectParameters
	if err := Parameters(call, &p); err != nil {
		return nil, p, err
	}
	folder, ok := s.Buckets[p.Bucket]
	if !ok {
		return nil, p, &asl.Error{Name: "S3.NoSuchBucketException", Cause: fmt.Sprintf("The specified bucket %q does not exist.", p.Bucket)}
	}
	if p.Key == "" {
		return nil, p, &asl.Error{Name: "S3.S3Exception", Cause: "Key must not be empty."}
	}
	return folder, p, nil
}

// Parameters reads a call's parameters into what the integration takes. Unknown ones are refused, as AWS refuses them.
func Parameters(call asl.Call, into any) error {
	data, err := json.Marshal(call.Parameters)
	if err == nil {
		err = decode(data, into)
	}
	if err != nil {
		return &asl.Error{Name: asl.ErrRuntime, Cause: fmt.Sprintf("the parameters of %s are not what it takes: %v", call.Resource, err)}
	}
	return nil
}
