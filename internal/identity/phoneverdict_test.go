package identity

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// verdictOf builds the verdict of a main plan, which makes its plans ready.
func verdictOf(t testing.TB, p *plan) *verdict {
	require.True(t, p.allReady())
	v, err := newVerdict(p.siblings)
	require.NoError(t, err)
	return v
}

// One pass says of every number what asking region by region says.
func TestVerdictIsThatOfAllRegions(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	valid, states := 0, 0
	for code, p := range allPlans().byCode {
		if p == nil {
			continue
		}
		v := verdictOf(t, p)
		states += len(v.next)
		for range 3000 {
			national := make([]byte, fewestNational+r.IntN(mostNational-fewestNational+1))
			for i := range national {
				national[i] = byte('0' + r.IntN(10))
			}
			want, known := p.ask(national)
			require.True(t, known)
			require.Equal(t, want, v.has(national), "+%d %s", code, national)
			require.Equal(t, p.owns(national), p.own.has(national), "+%d %s", code, national)
			if want {
				valid++
			}
		}
	}
	assert.Positive(t, valid)
	t.Logf("%d states, %d valid numbers", states, valid)
}

// North America, where the area code decides: every one, with each beginning of what follows.
func TestVerdictOfNorthAmerica(t *testing.T) {
	p := allPlans().byCode[1]
	v := verdictOf(t, p)
	r := rand.New(rand.NewPCG(7, 8))
	for n := range 1_000_000 {
		national := make([]byte, 10)
		for i := 5; i >= 0; i-- {
			national[i] = byte('0' + n%10)
			n /= 10
		}
		for i := 6; i < 10; i++ {
			national[i] = byte('0' + r.IntN(10))
		}
		want, _ := p.ask(national)
		if want != v.has(national) || p.owns(national) != p.own.has(national) {
			require.Equal(t, want, v.has(national), "+1 %s", national)
			require.Equal(t, p.owns(national), p.own.has(national), "+1 %s", national)
		}
	}
}

func FuzzVerdict(f *testing.F) {
	f.Add(uint16(1), "6505551212")
	f.Add(uint16(44), "7911123456")
	f.Add(uint16(7), "9123456789")
	verdicts := map[*plan]*verdict{}
	f.Fuzz(func(t *testing.T, code uint16, national string) {
		p := allPlans().byCode[code%1000]
		if p == nil || len(national) > mostNational || !allDigits([]byte(national)) {
			t.Skip()
		}
		if verdicts[p] == nil {
			verdicts[p] = verdictOf(t, p)
		}
		got := verdicts[p].has([]byte(national))
		want, known := p.ask([]byte(national))
		require.True(t, known)
		require.Equal(t, want, got)
		require.Equal(t, p.owns([]byte(national)), p.own.has([]byte(national)))
	})
}

func BenchmarkNewVerdict(b *testing.B) {
	p := allPlans().byCode[1]
	b.ReportAllocs()
	for b.Loop() {
		verdictOf(b, p)
	}
}

func BenchmarkAssigned(b *testing.B) {
	p := allPlans().byCode[1]
	v := verdictOf(b, p)
	for _, national := range []string{"6505551212", "9995551212"} {
		digits := []byte(national)
		b.Run("one pass/"+national, func(b *testing.B) {
			for b.Loop() {
				v.has(digits)
			}
		})
		b.Run("each region/"+national, func(b *testing.B) {
			for b.Loop() {
				p.ask(digits)
			}
		})
	}
}

// After many numbers of the code the verdict is there, and says the same.
func TestVerdictIsBuiltWhenItPays(t *testing.T) {
	of := allPlans().byCode[1]
	p := &plan{code: 1, siblings: of.siblings}
	p.main = p
	for range worthVerdict + 1 {
		valid, known := p.assigned([]byte("6505551212")) // the first region's
		require.True(t, valid && known)
	}
	assert.Nil(t, p.all.Load())
	for range worthVerdict + 1 {
		valid, known := p.assigned([]byte("4165551212")) // Canada's
		require.True(t, valid && known)
	}
	assert.NotNil(t, p.all.Load())
	valid, known := p.assigned([]byte("9995551212"))
	assert.False(t, valid)
	assert.True(t, known)
}
