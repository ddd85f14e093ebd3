package deployment

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// buckets keep the policies of S3 buckets. The emulator is shown only what they allow, which it wants to see before it lets
// S3 log to a bucket: it reads denials without their conditions, and so would deny everything.
type buckets struct {
	moto     string
	policies shelf[string] // by bucket
}

func (b *buckets) answer(w http.ResponseWriter, r *request) bool {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if key == "" && r.Method == http.MethodPost && r.URL.Query().Has("delete") {
		return b.remove(w, r, bucket)
	}
	if key != "" || !r.URL.Query().Has("policy") {
		return false
	}
	switch r.Method {
	case http.MethodPut:
		policy, err := io.ReadAll(r.Body)
		if err != nil {
			return false
		}
		b.policies.put(bucket, string(policy))
		return !showAllowed(r, policy) && writeNothing(w)
	case http.MethodDelete:
		b.policies.remove(bucket)
	default:
		policy, ok := b.policies.get(bucket)
		if !ok {
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, "<Error>"+element("Code", "NoSuchBucketPolicy")+element("Message", "The bucket policy does not exist")+"</Error>")
			return true
		}
		_, _ = io.WriteString(w, policy)
		return true
	}
	return writeNothing(w)
}

func writeNothing(w http.ResponseWriter) bool {
	w.WriteHeader(http.StatusNoContent)
	return true
}

// showAllowed leaves in a request what a policy allows, if it allows anything.
func showAllowed(r *request, policy []byte) bool {
	var document map[string]any
	if json.Unmarshal(policy, &document) != nil {
		return false
	}
	statements, _ := document["Statement"].([]any)
	document["Statement"] = slices.DeleteFunc(statements, func(s any) bool {
		statement, _ := s.(map[string]any)
		return statement["Effect"] != "Allow"
	})
	if left, _ := document["Statement"].([]any); len(left) == 0 {
		return false
	}
	shown, err := json.Marshal(document)
	if err != nil {
		return false
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(shown)), int64(len(shown))
	return true
}

// remove removes versions of objects. The emulator breaks down when the last version of a key is a delete marker: then
// another version is put before it, and goes after it.
func (b *buckets) remove(w http.ResponseWriter, r *request, bucket string) bool {
	var in struct {
		Object []struct {
			Key     string
			Version string `xml:"VersionId"`
		}
	}
	body, err := io.ReadAll(r.Body)
	if err == nil {
		err = xml.Unmarshal(body, &in)
	}
	if err != nil {
		return refuseXML(w, "MalformedXML", err.Error())
	}
	ctx, client := r.Context(), s3.NewFromConfig(configFor(b.moto, "front"))
	remove := func(key, version string) error {
		in := &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}
		if version != "" {
			in.VersionId = &version
		}
		_, err := client.DeleteObject(ctx, in)
		return err
	}
	var deleted strings.Builder
	for _, o := range in.Object {
		if err := remove(o.Key, o.Version); err != nil {
			put, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &o.Key})
			if err == nil {
				err = errors.Join(remove(o.Key, o.Version), remove(o.Key, aws.ToString(put.VersionId)))
			}
			if err != nil {
				return refuseXML(w, "InternalError", err.Error())
			}
		}
		deleted.WriteString("<Deleted>" + element("Key", o.Key) + element("VersionId", o.Version) + "</Deleted>")
	}
	_, _ = io.WriteString(w, "<DeleteResult>"+deleted.String()+"</DeleteResult>")
	return true
}
