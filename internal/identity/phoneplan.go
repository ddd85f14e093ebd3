package identity

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/nyaruka/phonenumbers"
)

// A plan is what the library's metadata says of the numbers of a region, in a form that is fast to ask.
type plan struct {
	region   string
	code     int
	codeText []byte
	main     *plan   // of the regions with the same code, the one whose lengths count
	siblings []*plan // the regions with the same code, in the library's order

	once     sync.Once
	compiled bool // the machines below are there
	leads    sync.Once
	led      bool // leading is there, if there is one
	metadata *phonenumbers.PhoneMetadata
	general  numberKind
	local    lengths        // of numbers that can only be dialled from nearby
	kinds    []numberKind   // mobile, fixed line, ...
	leading  *digitMachine  // if set, how the region's numbers begin; siblings are told apart by it
	abroad   *digitMachine  // what is dialled before a number abroad
	trunk    *digitMachine  // what is dialled before a national number; nil: nothing
	own      *verdict       // of a main plan: whether a number is its own; nil: owns must be asked
	literal  []byte         // trunk, when it is nothing but these digits
	rewrite  *regexp.Regexp // trunk otherwise: it drops carrier codes and puts area codes in

	asked atomic.Int64            // of the main plan: numbers that region after region was asked for
	all   atomic.Pointer[verdict] // of the main plan, once there were many
}

// A numberKind is the numbers of one kind.
type numberKind struct {
	lengths lengths
	numbers *digitMachine
}

func (k *numberKind) has(national []byte) bool {
	return (!k.lengths.known || k.lengths.has(len(national))) && k.numbers.matches(national)
}

// lengths is a set of numbers of digits.
type lengths struct {
	set       uint32
	low, high int
	known     bool
}

func lengthsOf(list []int32) lengths {
	l := lengths{known: len(list) > 0}
	for i, n := range list {
		if n < 0 { // the kind does not exist
			return lengths{known: true}
		}
		l.set |= 1 << n
		if i == 0 {
			l.low = int(n)
		}
		l.high = int(n)
	}
	return l
}

func (l *lengths) has(n int) bool { return n < 32 && l.set>>n&1 != 0 }

// A plans is all of the library's regions.
type plans struct {
	byRegion  map[string]*plan
	byCountry map[string]*plan // by region in lower case
	byCode    [1000]*plan      // the main one
}

var allPlans = sync.OnceValue(func() *plans {
	all := &plans{byRegion: map[string]*plan{}, byCountry: map[string]*plan{}}
	collection, err := phonenumbers.MetadataCollection()
	if err != nil {
		return all // the library itself has failed before this
	}
	abroad := map[int]*plan{} // numbers of no country
	for _, m := range collection.GetMetadata() {
		code := int(m.GetCountryCode())
		p := &plan{region: m.GetId(), code: code, codeText: []byte(strconv.Itoa(code)), metadata: m}
		if p.region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY {
			abroad[code] = p
		} else {
			all.byRegion[p.region] = p
			all.byCountry[strings.ToLower(p.region)] = p
		}
	}
	for code := range phonenumbers.GetSupportedCallingCodes() {
		var siblings []*plan
		for _, region := range phonenumbers.GetRegionCodesForCountryCode(code) {
			p := all.byRegion[region]
			if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY {
				p = abroad[code]
			}
			siblings = append(siblings, p)
		}
		all.byCode[code] = siblings[0]
		for _, p := range siblings {
			p.main, p.siblings = siblings[0], siblings
		}
	}
	return all
})

// leader gives the machine of how the region's numbers begin, or nil when they begin in no way of their own. It is asked of
// many regions of which nothing else is.
func (p *plan) leader() (leading *digitMachine, ok bool) {
	p.leads.Do(func() {
		pattern := p.metadata.GetLeadingDigits()
		if pattern == "" {
			p.led = true
			return
		}
		var err error
		p.leading, err = compileDigits("^(?:" + pattern + ")")
		p.led = err == nil
	})
	return p.leading, p.led
}

// ready compiles the plan when it is first asked. Of what this package cannot compile, the library is asked instead.
func (p *plan) ready() bool {
	p.once.Do(func() {
		_, ok := p.leader()
		p.compiled = ok && p.compile() == nil
		if p.compiled && p.main == p {
			p.own, _ = newVerdict([]*plan{p}) // too large for one is good enough for the other
		}
	})
	return p.compiled
}

func (p *plan) compile() error {
	m := p.metadata
	var err error
	machine := func(pattern string) *digitMachine {
		if err != nil {
			return nil
		}
		var built *digitMachine
		built, err = compileDigits(pattern)
		return built
	}
	kind := func(d *phonenumbers.PhoneNumberDesc) numberKind {
		return numberKind{lengthsOf(d.GetPossibleLength()), machine("^(?:" + d.GetNationalNumberPattern() + ")$")}
	}
	p.general = kind(m.GetGeneralDesc())
	p.local = lengthsOf(m.GetGeneralDesc().GetPossibleLengthLocalOnly())
	for _, d := range []*phonenumbers.PhoneNumberDesc{
		m.GetFixedLine(), m.GetMobile(), m.GetTollFree(), m.GetPremiumRate(), m.GetSharedCost(), m.GetVoip(),
		m.GetPersonalNumber(), m.GetPager(), m.GetUan(), m.GetVoicemail(),
	} {
		if d.GetNationalNumberPattern() != "" {
			p.kinds = append(p.kinds, kind(d))
		}
	}
	p.abroad = machine("^(?:" + m.GetInternationalPrefix() + ")")
	if trunk := m.GetNationalPrefixForParsing(); trunk != "" {
		p.trunk = machine("^(?:" + trunk + ")")
		if strings.Trim(trunk, "0123456789") == "" {
			p.literal = []byte(trunk)
		} else if err == nil {
			p.rewrite, err = regexp.Compile("^(?:" + trunk + ")")
		}
	}
	return err
}

// How many digits a number has, compared with those that are possible.
type lengthVerdict int

const (
	lengthPossible lengthVerdict = iota
	lengthLocal
	lengthShort
	lengthLong
	lengthBetween
)

func (p *plan) length(n int) lengthVerdict {
	switch l := &p.general.lengths; {
	case p.local.has(n):
		return lengthLocal
	case l.has(n):
		return lengthPossible
	case n < l.low:
		return lengthShort
	case n > l.high:
		return lengthLong
	}
	return lengthBetween
}

// owns reports whether a national number has the form of one that is assigned in this very region.
func (p *plan) owns(national []byte) bool {
	if !p.general.has(national) {
		return false
	}
	for i := range p.kinds {
		if p.kinds[i].has(national) {
			return true
		}
	}
	return false
}

// withoutTrunk drops what is dialled before a national number, unless that spoils a good one.
func (p *plan) withoutTrunk(national []byte) []byte {
	if p.trunk == nil || len(national) == 0 || !p.trunk.begins(national) {
		return national
	}
	var rest []byte
	if p.literal != nil {
		rest = national[len(p.literal):]
	} else {
		rest = p.rewritten(national)
	}
	if p.general.numbers.matches(national) && !p.general.numbers.matches(rest) {
		return national
	}
	return rest
}

// rewritten applies the metadata's rule for numbers whose beginning is more than a prefix. The rule holds when the last
// of the groups has matched; otherwise what has matched is dropped.
func (p *plan) rewritten(national []byte) []byte {
	digits := bytes.Clone(national) // or the regexp would move every caller's number to the heap
	groups := p.rewrite.FindSubmatchIndex(digits)
	rest := digits[groups[1]:]
	rule := p.metadata.GetNationalPrefixTransformRule()
	if rule == "" || groups[len(groups)-2] < 0 {
		return rest
	}
	return append(p.rewrite.Expand(nil, []byte(rule), digits, groups), rest...)
}
