package identity

import (
	"bytes"

	"github.com/nyaruka/phonenumbers"
)

// What the library itself takes for a national number, in digits.
const (
	fewestNational = phonenumbers.MIN_LENGTH_FOR_NSN
	mostNational   = phonenumbers.MAX_LENGTH_FOR_NSN
)

// quickParse does what the library's parser does to digits alone, from the same metadata, a hundred times as fast. It
// knows all but numbers with a prefix for calls abroad; for those the library must be asked. That both agree is tested,
// and fuzzed, over all regions.
func quickParse(digits []byte, plus bool, region string) (found number, ok, known bool) {
	if len(digits) < 4 || len(digits) > mostDigits {
		return number{}, false, false
	}
	if plus {
		p := planOf(digits)
		if p == nil {
			return number{}, false, true // no such country code
		}
		return p.finish(digits[len(p.codeText):])
	}
	p := allPlans().byRegion[region]
	if p == nil || !p.ready() || p.abroad.begins(digits) {
		return number{}, false, false
	}
	if rest, ok := bytes.CutPrefix(digits, p.codeText); ok {
		national := p.withoutTrunk(rest)
		full := p.general.numbers.matches(digits)
		if !full && p.general.numbers.matches(national) || p.length(len(digits)) == lengthLong {
			return p.main.finish(national)
		}
	}
	return p.finish(digits)
}

// planOf finds the plan whose country code digits begin with.
func planOf(digits []byte) *plan {
	code, plans := 0, allPlans()
	for i := range phonenumbers.MAX_LENGTH_COUNTRY_CODE {
		code = 10*code + int(digits[i]-'0')
		if p := plans.byCode[code]; p != nil && digits[0] != '0' {
			return p
		}
	}
	return nil
}

// finish reads what is behind the country code, or a whole national number.
func (p *plan) finish(national []byte) (found number, ok, known bool) {
	if !p.ready() || !p.main.ready() || p.metadata.GetGeneralDesc().GetNationalNumberPattern() == "" {
		return number{}, false, false
	}
	if len(national) < fewestNational {
		return number{}, false, true
	}
	rest := p.withoutTrunk(national)
	if v := p.length(len(rest)); v == lengthPossible || v == lengthLong {
		national = rest
	}
	if len(national) < fewestNational || len(national) > mostNational || p.main.length(len(national)) != lengthPossible {
		return number{}, false, true
	}
	valid, known := p.assigned(national)
	if !known {
		return number{}, false, false
	}
	found = number{code: p.code, valid: valid, digits: len(p.codeText) + len(national)}
	copy(found.e164[copy(found.e164[:], p.codeText):], national)
	return found, true, true
}

// isPlain reports national numbers that finish would give as they are, and as assigned. It may say no to some of them.
func (p *plan) isPlain(national []byte) bool {
	if p.main != p || p.trunk != nil && p.trunk.begins(national) || p.length(len(national)) != lengthPossible {
		return false
	}
	if p.own != nil && p.leading == nil && p.own.has(national) {
		return true
	}
	valid, known := p.assigned(national)
	return valid && known
}

// assigned reports whether a national number has the form of those that are assigned, in any region with this code.
func (p *plan) assigned(national []byte) (valid, known bool) {
	first := p.siblings[0]
	if !first.ready() {
		return false, false
	}
	if v := p.main.all.Load(); v != nil {
		return v.has(national), true
	}
	switch {
	case len(p.siblings) == 1:
		return first.has(national), true
	case first.leading == nil && first.has(national):
		return true, true
	}
	if p.main.asked.Add(1) == worthVerdict && p.allReady() {
		if v, err := newVerdict(p.siblings); err == nil {
			p.main.all.Store(v)
		}
	}
	return p.ask(national)
}

// has is owns of a main plan, in one pass.
func (p *plan) has(national []byte) bool {
	if p.own == nil {
		return p.owns(national)
	}
	return p.own.has(national)
}

// worthVerdict is after how many numbers that are not the first region's a verdict is built: that takes as long as asking all
// regions for some hundred thousands.
const worthVerdict = 300_000

func (p *plan) allReady() bool {
	for _, sibling := range p.siblings {
		if !sibling.ready() {
			return false
		}
	}
	return true
}

// ask is assigned, one region after the other. Most are ruled out by how their numbers begin.
func (p *plan) ask(national []byte) (valid, known bool) {
	if len(p.siblings) == 1 {
		return p.owns(national), true
	}
	for _, sibling := range p.siblings {
		leading, ok := sibling.leader()
		switch {
		case !ok:
			return false, false
		case leading != nil && !leading.begins(national):
			continue
		case !sibling.ready():
			return false, false
		case leading != nil:
			return sibling.owns(national), true
		case sibling.owns(national):
			return true, true
		}
	}
	return false, true
}
