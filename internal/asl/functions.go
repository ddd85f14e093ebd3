package asl

import (
	"crypto/md5"  //nolint:gosec // States.Hash offers it; nothing here relies on it
	"crypto/sha1" //nolint:gosec // as above
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	formatFunction   = "States.Format"
	maxFunctionInput = 10000 // characters that Base64Encode, Base64Decode and Hash take
	maxRangeItems    = 1000  // items that ArrayRange gives
)

var hashNames = []string{"MD5", "SHA-1", "SHA-256", "SHA-384", "SHA-512"}

// function is an intrinsic function and how many arguments it takes; max < 0 is any number.
type function struct {
	min, max int
	do       func(args []any, sc *scope) (any, error)
}

// functions are the 18 intrinsic functions of JSONPath (Developer Guide, "Intrinsic functions"). Rounding, splitting,
// empty documents and nulls follow what AWS was recorded doing.
var functions map[string]function

func init() { //nolint:gochecknoinits // breaks the cycle: the parser needs the table, Format needs the parser's escapes
	functions = map[string]function{
		formatFunction:          {1, -1, format},
		"States.StringToJson":   {1, 1, stringToJSON},
		"States.JsonToString":   {1, 1, jsonToString},
		"States.Array":          {0, -1, func(args []any, _ *scope) (any, error) { return args, nil }},
		"States.ArrayPartition": {2, 2, arrayPartition},
		"States.ArrayContains":  {2, 2, arrayContains},
		"States.ArrayRange":     {3, 3, arrayRange},
		"States.ArrayGetItem":   {2, 2, arrayGetItem},
		"States.ArrayLength":    {1, 1, arrayLength},
		"States.ArrayUnique":    {1, 1, arrayUnique},
		"States.Base64Encode":   {1, 1, base64Encode},
		"States.Base64Decode":   {1, 1, base64Decode},
		"States.Hash":           {2, 2, hash},
		"States.JsonMerge":      {3, 3, jsonMerge},
		"States.MathRandom":     {2, 3, mathRandom},
		"States.MathAdd":        {2, 2, mathAdd},
		"States.StringSplit":    {2, 2, stringSplit},
		"States.UUID":           {0, 0, func(_ []any, sc *scope) (any, error) { return sc.ex.run.uuid(), nil }},
	}
}

// splitFormat cuts a Format template at its places {} and resolves the escapes of what is between.
func splitFormat(raw string) ([]string, error) {
	var parts []string
	var b strings.Builder
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case c == '\\':
			i++
			if i == len(raw) || !strings.ContainsRune(`'{}\`, rune(raw[i])) {
				return nil, errors.New(`only \' \{ \} and \\ may follow a backslash`)
			}
			b.WriteByte(raw[i])
		case strings.HasPrefix(raw[i:], "{}"):
			i++
			parts = append(parts, b.String())
			b.Reset()
		case c == '{' || c == '}':
			return nil, errors.New(`a brace that is no place {} must be written \{ or \}`)
		default:
			b.WriteByte(c)
		}
	}
	return append(parts, b.String()), nil
}

func format(args []any, _ *scope) (any, error) {
	raw, ok := args[0].(string)
	if !ok {
		return nil, errors.New("the first argument must be a string")
	}
	parts, err := splitFormat(raw)
	if err != nil {
		return nil, err
	}
	if len(parts) != len(args) {
		return nil, fmt.Errorf("%d places {} for %d values", len(parts)-1, len(args)-1)
	}
	var b strings.Builder
	b.WriteString(parts[0])
	for i, v := range args[1:] {
		switch v := v.(type) {
		case string:
			b.WriteString(v)
		case nil:
			b.WriteString("null")
		case bool, json.Number:
			fmt.Fprint(&b, v)
		default:
			// AWS writes {a=1, b=[]}, in the fields' order, which is not kept here.
			return nil, errors.New("objects and arrays are not supported: use States.JsonToString")
		}
		b.WriteString(parts[i+1])
	}
	return b.String(), nil
}

func stringToJSON(args []any, _ *scope) (any, error) {
	s, ok := args[0].(string)
	if !ok {
		return nil, errors.New("the argument must be a string")
	}
	if strings.TrimSpace(s) == "" {
		return nil, nil //nolint:nilnil // null is the value: AWS was recorded giving null for an empty document
	}
	return decode([]byte(s))
}

func jsonToString(args []any, _ *scope) (any, error) {
	data, err := encode(args[0])
	return string(data), err
}

func arrayArg(v any) ([]any, error) {
	a, ok := v.([]any)
	if !ok {
		return nil, errors.New("the first argument must be an array")
	}
	return a, nil
}

// integer reads an integer; AWS rounds a fraction half up.
func integer(v any) (int64, error) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, errors.New("an argument must be a number")
	}
	if i, err := n.Int64(); err == nil {
		return i, nil
	}
	f, err := n.Float64()
	if err != nil || math.Abs(f) > 1<<53 {
		return 0, errors.New("a number is out of range")
	}
	return int64(math.Floor(f + 0.5)), nil
}

func integers(args []any) ([]int64, error) {
	out := make([]int64, len(args))
	for i, v := range args {
		n, err := integer(v)
		if err != nil {
			return nil, err
		}
		out[i] = n
	}
	return out, nil
}

func int64Value(i int64) any { return json.Number(strconv.FormatInt(i, 10)) }

func arrayPartition(args []any, _ *scope) (any, error) {
	a, err := arrayArg(args[0])
	if err != nil {
		return nil, err
	}
	size, err := integer(args[1])
	if err != nil || size < 1 {
		return nil, errors.New("the chunk size must be a positive integer")
	}
	out := []any{}
	for len(a) > 0 {
		n := min(int64(len(a)), size)
		out = append(out, a[:n:n])
		a = a[n:]
	}
	return out, nil
}

func arrayContains(args []any, _ *scope) (any, error) {
	a, err := arrayArg(args[0])
	if err != nil {
		return nil, err
	}
	for _, v := range a {
		if equal(v, args[1]) {
			return true, nil
		}
	}
	return false, nil
}

func arrayRange(args []any, _ *scope) (any, error) {
	n, err := integers(args)
	if err != nil {
		return nil, err
	}
	first, last, step := n[0], n[1], n[2]
	if step == 0 {
		return nil, errors.New("the step must not be zero")
	}
	const bound = 1 << 53
	if first < -bound || first > bound || last < -bound || last > bound || step < -bound || step > bound {
		return nil, errors.New("a number is out of range")
	}
	out := []any{}
	for i := first; step > 0 && i <= last || step < 0 && i >= last; i += step {
		if len(out) == maxRangeItems {
			return nil, fmt.Errorf("more than %d items", maxRangeItems)
		}
		out = append(out, int64Value(i))
	}
	return out, nil
}

func arrayGetItem(args []any, _ *scope) (any, error) {
	a, err := arrayArg(args[0])
	if err != nil {
		return nil, err
	}
	i, err := integer(args[1])
	if err != nil {
		return nil, err
	}
	if i < 0 || i >= int64(len(a)) {
		return nil, fmt.Errorf("index %d of an array of %d", i, len(a))
	}
	return a[i], nil
}

func arrayLength(args []any, _ *scope) (any, error) {
	a, err := arrayArg(args[0])
	return number(len(a)), err
}

func arrayUnique(args []any, _ *scope) (any, error) {
	a, err := arrayArg(args[0])
	out := []any{}
next:
	for _, v := range a {
		for _, seen := range out {
			if equal(v, seen) {
				continue next
			}
		}
		out = append(out, v)
	}
	return out, err
}

func shortString(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", errors.New("the argument must be a string")
	}
	if utf8.RuneCountInString(s) > maxFunctionInput {
		return "", fmt.Errorf("the string is longer than %d characters", maxFunctionInput)
	}
	return s, nil
}

func base64Encode(args []any, _ *scope) (any, error) {
	s, err := shortString(args[0])
	return base64.StdEncoding.EncodeToString([]byte(s)), err
}

func base64Decode(args []any, _ *scope) (any, error) {
	s, err := shortString(args[0])
	if err != nil {
		return nil, err
	}
	data, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		return nil, errors.New("the string is not base64")
	}
	return string(data), nil
}

func hash(args []any, _ *scope) (any, error) {
	text, ok := args[0].(string)
	if !ok {
		data, err := encode(args[0])
		if err != nil {
			return nil, err
		}
		text = string(data)
	}
	text, err := shortString(text)
	if err != nil {
		return nil, err
	}
	data := []byte(text)
	switch args[1] {
	case "MD5":
		sum := md5.Sum(data) //nolint:gosec // see the import
		return hex.EncodeToString(sum[:]), nil
	case "SHA-1":
		sum := sha1.Sum(data) //nolint:gosec // see the import
		return hex.EncodeToString(sum[:]), nil
	case "SHA-256":
		sum := sha256.Sum256(data)
		return hex.EncodeToString(sum[:]), nil
	case "SHA-384":
		sum := sha512.Sum384(data)
		return hex.EncodeToString(sum[:]), nil
	case "SHA-512":
		sum := sha512.Sum512(data)
		return hex.EncodeToString(sum[:]), nil
	}
	return nil, fmt.Errorf("the algorithm must be one of %s", strings.Join(hashNames, ", "))
}

// jsonMerge merges the fields of two objects, the second's winning; AWS supports only the shallow mode, false.
func jsonMerge(args []any, _ *scope) (any, error) {
	a, okA := args[0].(map[string]any)
	b, okB := args[1].(map[string]any)
	if !okA || !okB {
		return nil, errors.New("the first two arguments must be objects")
	}
	if args[2] != false {
		return nil, errors.New("the third argument must be false: only shallow merging exists")
	}
	out := maps.Clone(a)
	if out == nil {
		out = map[string]any{}
	}
	maps.Copy(out, b)
	return out, nil
}

// mathRandom gives a random integer from start (included) to end (excluded). A seed makes it repeatable here, though
// not the same number as on AWS.
func mathRandom(args []any, sc *scope) (any, error) {
	n, err := integers(args)
	if err != nil {
		return nil, err
	}
	if n[0] >= n[1] || n[1]-n[0] <= 0 {
		return nil, errors.New("the end must be greater than the start")
	}
	if len(n) == 3 {
		return int64Value(n[0] + seeded(n[2]).Int64N(n[1]-n[0])), nil
	}
	return int64Value(n[0] + sc.ex.run.random(n[1]-n[0])), nil
}

func mathAdd(args []any, _ *scope) (any, error) {
	n, err := integers(args)
	if err != nil {
		return nil, err
	}
	sum := n[0] + n[1]
	if n[1] > 0 && sum < n[0] || n[1] < 0 && sum > n[0] {
		return nil, errors.New("the sum is out of range")
	}
	return int64Value(sum), nil
}

// stringSplit cuts at every character of the second argument and leaves out what is empty.
func stringSplit(args []any, _ *scope) (any, error) {
	s, okS := args[0].(string)
	separators, okSep := args[1].(string)
	if !okS || !okSep {
		return nil, errors.New("both arguments must be strings")
	}
	out := []any{}
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		out = append(out, part)
	}
	return out, nil
}
