// Package audience holds the nouns of CleanReach and the documents that its parts exchange: what an audience is, what a
// run of it will do, what came of it, and where each of these lives in storage. It knows no AWS, no Meta API and no file
// formats, so every other package may import it.
package audience

import "strings"

// A Key names an attribute of a person in Meta's multi-key customer file, spelled as in a payload's schema.
type Key string

// The keys that Meta's /users endpoint matches people by.
const (
	ExternID Key = "EXTERN_ID"
	Email    Key = "EMAIL"
	Phone    Key = "PHONE"
	Gender   Key = "GEN"
	DOBYear  Key = "DOBY"
	DOBMonth Key = "DOBM"
	DOBDay   Key = "DOBD"
	LastName Key = "LN"
	First    Key = "FN"
	Initial  Key = "FI"
	City     Key = "CT"
	State    Key = "ST"
	Zip      Key = "ZIP"
	MADID    Key = "MADID"
	Country  Key = "COUNTRY"
)

// The keys that say how Meta is to use a person, and find nobody.
const (
	LookalikeValue    Key = "LOOKALIKE_VALUE"                 // what the person is worth, in a value-based audience
	DataProcessing    Key = "DATA_PROCESSING_OPTIONS"         // whether Meta may use the person in a limited way only
	ProcessingCountry Key = "DATA_PROCESSING_OPTIONS_COUNTRY" // in which country that is asked for; no column holds it
	ProcessingState   Key = "DATA_PROCESSING_OPTIONS_STATE"   // and in which state
)

// DOB is a source column with a whole date of birth. It is no key of Meta's: preparing splits it into DOBY, DOBM, DOBD.
const DOB Key = "DOB"

// Keys lists Meta's keys that a column may hold, in the order in which every schema that we send names them: first those
// that Meta matches people by.
var Keys = []Key{
	ExternID, Email, Phone, Gender, DOBYear, DOBMonth, DOBDay, LastName, First, Initial, City, State, Zip, MADID, Country,
	LookalikeValue, DataProcessing,
}

// Matches reports whether Meta matches people by the key. The others say how to use a person: removing takes none of them.
func (k Key) Matches() bool {
	switch k {
	case LookalikeValue, DataProcessing, ProcessingCountry, ProcessingState:
		return false
	}
	return true
}

// Hashed reports whether Meta takes the key as SHA-256. EXTERN_ID and MADID travel as they are, and so does what Meta does
// not match by.
func (k Key) Hashed() bool { return k.Matches() && k != ExternID && k != MADID }

// Identifies reports whether the key alone can find a person. A row without any such key may still match by name and
// address, but the keys that only describe (gender, country, parts of a date) never do.
func (k Key) Identifies() bool {
	switch k {
	case ExternID, Email, Phone, MADID:
		return true
	}
	return false
}

// Finds reports whether a row with this key may be matched: by the key alone, or by name together with what else the row
// holds. A row in which no such key is left is not worth sending.
func (k Key) Finds() bool { return k.Identifies() || k == LastName }

// Column is the name of the key's canonical value in prepared and matched tables: lower case, as Clean Rooms demands.
func (k Key) Column() string { return strings.ToLower(string(k)) }

// HashColumn is the name of the key's join column in prepared tables: SHA-256 of the canonical value, lower-case hex.
// It exists beside Column because a LIST analysis rule forbids to output a column that it joins on.
func (k Key) HashColumn() string { return k.Column() + "_sha256" }

// KeyOfColumn finds the key that a matched table's column holds, and whether the values are its hashes already.
// Columns of other names are the user's own and stay behind.
func KeyOfColumn(column string) (key Key, hashed bool, ok bool) {
	name := strings.ToLower(column)
	for _, k := range Keys {
		switch {
		case name == k.Column():
			return k, false, true
		case k.Hashed() && name == k.HashColumn():
			return k, true, true
		}
	}
	return "", false, false
}
