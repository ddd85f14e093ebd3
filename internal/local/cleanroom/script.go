package cleanroom

import "sort"

// A token is a piece of a query's text.
type token struct {
	kind tokenKind
	at   int    // byte offset
	text string // a word in lower case, a name without its quotes, a parameter without its colon; others as written
}

type tokenKind int

const (
	wordToken tokenKind = iota
	nameToken           // a name in double quotes
	numberToken
	stringToken
	parameterToken // :name
	signToken
)

// A script is a query's text in tokens, comments left out.
type script []token

// find gives the index of the token at a byte offset, or -1.
func (s script) find(at int) int {
	i := sort.Search(len(s), func(i int) bool { return s[i].at >= at })
	if at < 0 || i == len(s) || s[i].at != at {
		return -1
	}
	return i
}

// is reports whether token i is there and is this word or sign.
func (s script) is(i int, text string) bool {
	return i >= 0 && i < len(s) && s[i].text == text && (s[i].kind == wordToken || s[i].kind == signToken)
}

// closing looks through the parentheses that open behind token i. It gives where they close, and where in them, but not
// in parentheses inside, a word stands last, or -1.
func (s script) closing(i int, word string) (last, end int) {
	depth := 0
	last = -1
	for i++; i < len(s); i++ {
		switch {
		case s.is(i, "("):
			depth++
		case s.is(i, ")"):
			depth--
		case s.is(i, word) && depth == 1:
			last = i
		}
		if depth == 0 {
			return last, i
		}
	}
	return last, len(s)
}

// inside reports whether a word stands in the parentheses behind token i.
func (s script) inside(i int, word string) bool {
	last, _ := s.closing(i, word)
	return last >= 0
}
