package deployment

import (
	"io"
	"net/http"
	"strings"
)

// buckets keep the policies of S3 buckets: the emulator would deny everything, since it reads a policy's denials without
// their conditions. The record holds calls against them (resource_test.go).
type buckets struct {
	policies shelf[string] // by bucket
}

func (b *buckets) answer(w http.ResponseWriter, r *request) bool {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
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
	w.WriteHeader(http.StatusNoContent)
	return true
}
