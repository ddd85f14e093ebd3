package cleanroom

import "fmt"

// The errors of the Clean Rooms API, as Step Functions' SDK integration names them.
const (
	nameValidation   = "CleanRooms.ValidationException"
	nameNotFound     = "CleanRooms.ResourceNotFoundException"
	nameQuota        = "CleanRooms.ServiceQuotaExceededException"
	nameConflict     = "CleanRooms.ConflictException"
	nameAccessDenied = "CleanRooms.AccessDeniedException"
	nameInternal     = "CleanRooms.InternalServerException"
)

// The reasons of a ValidationException.
const (
	reasonQuery         = "INVALID_QUERY"
	reasonConfiguration = "INVALID_CONFIGURATION"
	reasonField         = "FIELD_VALIDATION_FAILED"
)

// An Error is a refused call. Name is what a state machine's Retry and Catch match; Reason belongs to a
// ValidationException or ConflictException. No text holds anything of the tables' rows, nor any name or value that a
// query made up.
type Error struct {
	Name    string
	Reason  string
	Message string
}

// Error gives everything.
func (e *Error) Error() string { return e.Name + ": " + e.Cause() }

// Cause is what a state machine shows beside the name.
func (e *Error) Cause() string {
	if e.Reason == "" {
		return e.Message
	}
	return fmt.Sprintf("%s (Reason: %s)", e.Message, e.Reason)
}

func refuse(name, reason, format string, args ...any) *Error {
	return &Error{Name: name, Reason: reason, Message: fmt.Sprintf(format, args...)}
}

func invalidField(field, format string, args ...any) *Error {
	return refuse(nameValidation, reasonField, "%s %s", field, fmt.Sprintf(format, args...))
}

func invalidConfiguration(format string, args ...any) *Error {
	return refuse(nameValidation, reasonConfiguration, format, args...)
}

func invalidQuery(format string, args ...any) *Error {
	return refuse(nameValidation, reasonQuery, format, args...)
}
