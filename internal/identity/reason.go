package identity

// A Reason says why nothing is left of a value that was not blank. It is one of a fixed set of words, and never holds
// anything of the value. Empty: the value is good, or blank.
type Reason string

// The reasons.
const (
	// Placeholder: the value stands for a missing one: n/a, null, none, test@test.com, 1234567890.
	Placeholder Reason = "placeholder"
	// BrokenText: the value holds bytes that are no UTF-8, or the replacement character that an earlier conversion left.
	BrokenText Reason = "broken_text"
	// TooLong: the value is longer than MaxBytes.
	TooLong Reason = "too_long"
	// NotSHA256: the value looks like a hash by another algorithm (MD5, SHA-1, SHA-512) or in another spelling (base64).
	NotSHA256 Reason = "not_sha256"
	// EmptyHash: the value is the hash of the empty string, which would match everybody whose value is missing.
	EmptyHash Reason = "empty_hash"
	// NotAnAddress: the value does not look like an e-mail address.
	NotAnAddress Reason = "not_an_address"
	// NotANumber: the value holds letters or signs that no phone number has.
	NotANumber Reason = "not_a_number"
	// TwoNumbers: the field holds more than one phone number.
	TwoNumbers Reason = "two_numbers"
	// NotPossible: no phone number of that country has so many digits.
	NotPossible Reason = "not_possible"
	// NoCountryCode: the phone number is a national one and the row's country is not known.
	NoCountryCode Reason = "no_country_code"
	// AmbiguousNumber: nobody has the foreign number, but without its + it would be somebody's in the row's country.
	AmbiguousNumber Reason = "ambiguous_number"
	// NotAGender: the value is no known spelling of male or female.
	NotAGender Reason = "not_m_or_f"
	// NotADate: the value is no date, year, month or day of the calendar, or not in the order that was declared.
	NotADate Reason = "not_a_date"
	// TwoDigitYear: the century is missing.
	TwoDigitYear Reason = "two_digit_year"
	// OutOfRange: the date is before 1900 or in the future.
	OutOfRange Reason = "out_of_range"
	// NoLetters: a name or place without any letter.
	NoLetters Reason = "no_letters"
	// UnknownState: the value is no state or territory of the United States, where the row's country is.
	UnknownState Reason = "unknown_state"
	// UnknownCountry: the value is no country's code, English name or common alias.
	UnknownCountry Reason = "unknown_country"
	// NotAZip: the value is no postal code.
	NotAZip Reason = "not_a_zip"
	// NotADeviceID: the value is no UUID with hyphens.
	NotADeviceID Reason = "not_a_uuid"
	// ZeroID: the device id is all zeros: its owner does not allow tracking.
	ZeroID Reason = "zero_id"
	// NotAValue: the value is no number.
	NotAValue Reason = "not_a_value"
	// AmbiguousValue: the number has separators or a currency's sign.
	AmbiguousValue Reason = "ambiguous_value"
	// NegativeValue: the number is below 0.
	NegativeValue Reason = "negative_value"
	// Missing: the value is blank, and nobody may be sent without one.
	Missing Reason = "missing"
	// NotYesOrNo: the value says in no known spelling whether limited data use applies, and so counts as LDU.
	NotYesOrNo Reason = "not_yes_or_no"
)

// Reasons lists every reason.
var Reasons = []Reason{
	Placeholder, BrokenText, TooLong, NotSHA256, EmptyHash, NotAnAddress, NotANumber, TwoNumbers, NotPossible, NoCountryCode,
	AmbiguousNumber, NotAGender, NotADate, TwoDigitYear, OutOfRange, NoLetters, UnknownState, UnknownCountry, NotAZip,
	NotADeviceID, ZeroID, NotAValue, AmbiguousValue, NegativeValue, Missing, NotYesOrNo,
}

var reasonTexts = map[Reason]string{
	Placeholder:     "a placeholder such as n/a or 1234567890, not a real value",
	BrokenText:      "broken characters: the file was saved with another encoding",
	TooLong:         "too long to be real",
	NotSHA256:       "a hash, but not SHA-256 in hexadecimal",
	EmptyHash:       "the hash of an empty value",
	NotAnAddress:    "not an e-mail address",
	NotANumber:      "not a phone number",
	TwoNumbers:      "more than one phone number in one field",
	NotPossible:     "too many or too few digits for a phone number of its country",
	NoCountryCode:   "a phone number without country code, and no country is known",
	AmbiguousNumber: "a foreign phone number that nobody has, but one of the person's own country without its +",
	NotAGender:      "not a known spelling of male or female",
	NotADate:        "not a date of the calendar in the expected order",
	TwoDigitYear:    "a year of two digits: the century is missing",
	OutOfRange:      "a date before 1900 or in the future",
	NoLetters:       "no letters in it",
	UnknownState:    "not a state or territory of the United States",
	UnknownCountry:  "not a known country",
	NotAZip:         "not a postal code",
	NotADeviceID:    "not a device id (a UUID with hyphens)",
	ZeroID:          "the all-zero id of a device that does not allow tracking",
	NotAValue:       "not a plain number",
	AmbiguousValue:  "a number with separators or a currency sign, which can be read in more than one way",
	NegativeValue:   "below 0",
	Missing:         "missing, and Meta takes nobody into a value-based audience without one",
	NotYesOrNo:      "neither yes nor no: it counts as LDU",
}

// Text says the reason in plain English, as a phrase that completes "the value is ...".
func (r Reason) Text() string {
	if text, ok := reasonTexts[r]; ok {
		return text
	}
	return string(r)
}
