package sandbox

import "fmt"

// An apiError is an error document of Meta's. Like Meta's, its message may echo what was sent: a client that shows it
// leaks.
type apiError struct {
	status    int
	code      int
	subcode   int
	transient bool
	kind      string // of exception; the default is OAuthException
	message   string
}

func (e *apiError) reply() reply {
	kind := e.kind
	if kind == "" {
		kind = "OAuthException"
	}
	document := map[string]any{
		"message": e.message, "type": kind, "code": e.code, "is_transient": e.transient, "fbtrace_id": traceID(),
	}
	if e.subcode != 0 {
		document["error_subcode"] = e.subcode
		document["error_user_title"] = "Something went wrong"
		document["error_user_msg"] = e.message
	}
	return reply{e.status, map[string]any{"error": document}}
}

func invalidParameter(format string, args ...any) *apiError {
	return &apiError{status: 400, code: 100, message: "(#100) Invalid parameter: " + fmt.Sprintf(format, args...)}
}

func missingParameter(name string) *apiError {
	return &apiError{status: 400, code: 194, message: "(#194) Param " + name + " is required"}
}

func unsupported(method, id string) *apiError {
	return &apiError{status: 400, code: 100, subcode: 33, kind: "GraphMethodException",
		message: fmt.Sprintf("Unsupported %s request. Object with ID '%s' does not exist, cannot be loaded due to missing permissions, or does not support this operation.", method, id)}
}

func unknownPath(path string) *apiError {
	return &apiError{status: 404, code: 2500, message: "Unknown path components: " + path}
}

func notUpdated(format string, args ...any) *apiError {
	return &apiError{status: 400, code: 2650, message: "(#2650) Failed to update the custom audience: " + fmt.Sprintf(format, args...)}
}

func internal() *apiError {
	return &apiError{status: 500, code: 1, transient: true, message: "An unknown error occurred"}
}
