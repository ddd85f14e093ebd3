package upload

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/meta/sandbox"
)

var groupColumns = []string{"extern_id", "email", "lookalike_value", "data_processing_options"}

// ofGroups makes n rows of every group, and of every fault in what says how to use a person.
func ofGroups(n int, r *rand.Rand) [][]string {
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	rows := make([][]string, n)
	for i := range rows {
		rows[i] = []string{
			pick(fmt.Sprintf("cust-%d", i), fmt.Sprintf("cust-%d", i), "\x00", " "), pick(fmt.Sprintf("person%d@example.org", i), fmt.Sprintf("person%d@example.org", i), "n/a", ""),
			pick("44.5", "0", "1e2", fmt.Sprint(i), "\x00", "-1", "1,5", "nan"), pick("LDU", "yes", "no", "[]", "\x00", " ", "n/a", "perhaps"),
		}
	}
	return rows
}

// said is what Meta must have been told of rows, computed anew: the members, and how many rows cannot be sent.
func said(rows [][]string, columns []string, p *audience.Processing) (members []string, unusable int64) {
	for _, row := range rows {
		who := []string{}
		value := func(column string) (text string, is bool) {
			i := slices.Index(columns, column)
			if i < 0 {
				return "", false
			}
			return strings.Trim(row[i], "\x00 "), true
		}
		if id, _ := value("extern_id"); id != "" {
			who = append(who, "EXTERN_ID="+id)
		}
		if email, _ := value("email"); strings.Contains(email, "@") {
			who = append(who, "EMAIL="+sha(email))
		}
		worth, valued := value("lookalike_value")
		number, err := strconv.ParseFloat(worth, 64)
		if len(who) == 0 || valued && (err != nil || math.IsNaN(number) || number < 0) {
			unusable++
			continue
		}
		if valued {
			who = append(who, fmt.Sprint("LOOKALIKE_VALUE=", number))
		}
		option, spoken := value("data_processing_options")
		limited := p.Limited()
		switch option {
		case "LDU", "yes", "perhaps": // whatever is not understood
			limited = true
		case "no", "[]":
			limited = false
		}
		if (spoken || p != nil) && limited {
			who = append(who, "DATA_PROCESSING_OPTIONS=[LDU]")
			if p.Country != 0 {
				who = append(who, fmt.Sprint("DATA_PROCESSING_OPTIONS_COUNTRY=", p.Country), fmt.Sprint("DATA_PROCESSING_OPTIONS_STATE=", p.State))
			}
		}
		members = append(members, strings.Join(who, ";"))
	}
	slices.Sort(members)
	return members, unusable
}

// has are the sandbox's members in the spelling of said.
func has(t *testing.T, server *sandbox.Server, id string) []string {
	t.Helper()
	people, err := server.Members(id)
	require.NoError(t, err)
	members := make([]string, 0, len(people))
	for _, p := range people {
		var parts []string
		for _, key := range slices.Concat(audience.Keys, []audience.Key{audience.ProcessingCountry, audience.ProcessingState}) {
			if p[string(key)] != "" {
				parts = append(parts, string(key)+"="+p[string(key)])
			}
		}
		members = append(members, strings.Join(parts, ";"))
	}
	slices.Sort(members)
	return members
}

// processing says in the plan what Meta is told of limited data use.
func (b *bench) processing(p *audience.Processing) {
	b.t.Helper()
	var plan audience.Plan
	require.NoError(b.t, b.deps.Folder.ReadJSON(b.t.Context(), audience.PlanFile, &plan))
	plan.Processing = p
	require.NoError(b.t, b.deps.Folder.WriteJSON(b.t.Context(), audience.PlanFile, plan))
}

// valued makes a sandbox and, in it, an audience that may be value-based.
func valued(t *testing.T, b *bench, based bool) (server *sandbox.Server, client meta.API, id string) {
	t.Helper()
	server, _ = connect(t, b)
	client, is := b.deps.Meta.(meta.API)
	require.True(t, is)
	id, err := client.CreateAudience(t.Context(), "act_1", meta.NewAudience{Name: "Worth", Mark: "cleanreach:acme/worth", CustomerFileSource: "USER_PROVIDED_ONLY", ValueBased: based})
	require.NoError(t, err)
	require.NoError(t, b.deps.Folder.WriteJSON(t.Context(), audience.PreflightFile, audience.Preflight{Schema: 1, AudienceID: id}))
	return server, client, id
}

// TestGroupsAgainstTheSandbox sends random rows, by tasks that are disturbed and started again, until the chunk is done: Meta
// has been told of everybody what must be, every row has its place in the account at every moment, and a session has rows of
// one group only, or the sandbox would have refused.
func TestGroupsAgainstTheSandbox(t *testing.T) {
	options := []*audience.Processing{
		nil, {Options: []string{}}, {Options: []string{"LDU"}}, {Options: []string{"LDU"}, Country: 1, State: 1000}, {Options: []string{}, Country: 1, State: 1000},
	}
	faults := []sandbox.Fault{
		{}, {Fault: "drop_response", On: "users", Count: 2}, {Fault: "server_error", On: "users", Count: 9}, {Fault: "broken_response", On: "users", Count: 2},
		{Fault: "rate_limit", On: "users", Count: 1, Seconds: 95 * 60},
	}
	for seed := range uint64(30) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 3))
			rows := ofGroups(1+r.IntN(150), r)
			columns, p := groupColumns, options[r.IntN(len(options))]
			based := r.IntN(3) > 0
			if !based { // plan leaves the column out, too
				columns = slices.Replace(slices.Clone(columns), 2, 3, "other")
			}
			switch asked := r.IntN(3) > 0; {
			case !asked:
				columns = slices.Replace(slices.Clone(columns), 3, 4, "more")
			case p == nil:
				p = &audience.Processing{Options: []string{}} // as plan has it
			}
			b := newBench(t, columns, rows)
			b.deps.BatchRows = 1 + r.IntN(20)
			b.processing(p)
			server, _, id := valued(t, b, based)
			if fault := faults[r.IntN(len(faults))]; fault.Fault != "" {
				fault.After = r.IntN(6)
				require.NoError(t, server.SetFault(fault))
			}
			for attempt := 0; b.run() != nil; attempt++ {
				require.Less(t, attempt, 10)
			}
			members, unusable := said(rows, columns, p)
			assert.Equal(t, members, has(t, server, id))
			assert.Equal(t, unusable, b.receipt.Unusable)
			assert.Equal(t, []int64{int64(len(rows)) - unusable, 0, 0}, []int64{b.receipt.Sent, b.receipt.Failed, b.receipt.Invalid})
			assert.LessOrEqual(t, len(groupsOf(b.receipt)), 4)
		})
	}
}

func groupsOf(r *audience.Receipt) []string {
	names := map[string]bool{}
	for _, batch := range r.Batches {
		names[batch.Group] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// TestFourGroups names them, and what is left out of a value-based audience.
func TestFourGroups(t *testing.T) {
	b := newBench(t, groupColumns, [][]string{
		{"1", "a@example.org", "5", "LDU"}, {"2", "b@example.org", "5", ""}, {"", "c@example.org", "5.50", "yes"}, {"", "d@example.org", "0", "no"},
		{"5", "e@example.org", "", "no"}, {"6", "f@example.org", "$7", "no"}, {"7", "g@example.org", "-7", "no"}, {"8", "h@example.org", "7", "maybe"},
	})
	b.processing(&audience.Processing{Options: []string{}, Country: 1, State: 1000})
	require.NoError(t, b.run())
	const ldu = `DATA_PROCESSING_OPTIONS=["LDU"],DATA_PROCESSING_OPTIONS_COUNTRY=1,DATA_PROCESSING_OPTIONS_STATE=1000`
	assert.Equal(t, []string{
		"EMAIL,LOOKALIKE_VALUE," + ldu, "EMAIL,LOOKALIKE_VALUE,DATA_PROCESSING_OPTIONS=[]",
		"EXTERN_ID,EMAIL,LOOKALIKE_VALUE," + ldu, "EXTERN_ID,EMAIL,LOOKALIKE_VALUE,DATA_PROCESSING_OPTIONS=[]",
	}, groupsOf(b.receipt))
	sent := map[string]string{}
	for _, r := range b.meta.requests {
		for _, row := range r.data {
			for _, value := range row {
				if len(value) == 64 {
					sent[value] = strings.Join(r.schema, ",") + " " + strings.Join(row, " ")
				}
			}
		}
	}
	schema := "EMAIL,LOOKALIKE_VALUE,DATA_PROCESSING_OPTIONS"
	limits := "DATA_PROCESSING_OPTIONS_COUNTRY,DATA_PROCESSING_OPTIONS_STATE"
	assert.Equal(t, map[string]string{
		sha("a@example.org"): "EXTERN_ID," + schema + "," + limits + " 1 " + sha("a@example.org") + ` 5 ["LDU"] 1 1000`,
		sha("b@example.org"): "EXTERN_ID," + schema + " 2 " + sha("b@example.org") + " 5 []",
		sha("c@example.org"): schema + "," + limits + " " + sha("c@example.org") + ` 5.5 ["LDU"] 1 1000`,
		sha("d@example.org"): schema + " " + sha("d@example.org") + " 0 []",
		sha("h@example.org"): "EXTERN_ID," + schema + "," + limits + " 8 " + sha("h@example.org") + ` 7 ["LDU"] 1 1000`,
	}, sent)
	assert.Equal(t, int64(3), b.receipt.Unusable)
	assert.Equal(t, map[string]int64{
		"LOOKALIKE_VALUE:missing": 1, "LOOKALIKE_VALUE:ambiguous_value": 1, "LOOKALIKE_VALUE:negative_value": 1, "DATA_PROCESSING_OPTIONS:not_yes_or_no": 1,
	}, b.receipt.Reasons)
}

// TestRemovingNeedsNoValues takes people out of a value-based audience, in a run that removes and as a mirror's leaves.
func TestRemovingNeedsNoValues(t *testing.T) {
	rows := [][]string{{"1", "a@example.org", "5", "LDU"}, {"2", "b@example.org", "", "maybe"}, {"", "c@example.org", "-1", ""}}
	for name, chunk := range map[string]audience.Chunk{audience.ModeRemove: {}, audience.ModeMirror: {Remove: true}} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, groupColumns, rows)
			b.mode(name)
			chunk.ID, chunk.File, chunk.Rows = "00001", "part.parquet", 3
			b.plan(groupColumns, chunk)
			b.processing(&audience.Processing{Options: []string{"LDU"}, Country: 1, State: 1000})
			require.NoError(t, b.run())
			assert.Equal(t, []string{"EMAIL", "EXTERN_ID,EMAIL"}, groupsOf(b.receipt))
			assert.Equal(t, []int64{3, 0}, []int64{b.receipt.Sent, b.receipt.Unusable})
			for _, r := range b.meta.requests {
				assert.True(t, r.remove)
				assert.NotContains(t, strings.Join(r.schema, ","), "_VALUE")
				assert.NotContains(t, strings.Join(r.schema, ","), "PROCESSING")
			}
		})
	}
}

// TestWhoIsTakenBackHasNoValues has people opt out while they are sent, with what they are worth.
func TestWhoIsTakenBackHasNoValues(t *testing.T) {
	b, list := guarded(t)
	columns := append(slices.Clone(guardColumns), "lookalike_value")
	var rows [][]string
	for i := range 25 {
		rows = append(rows, []string{fmt.Sprintf("c-%d", i), fmt.Sprintf("p%d@example.com", i), "", "lee", fmt.Sprint(i)})
	}
	b.write(columns, rows)
	b.plan(columns, audience.Chunk{ID: "00001", File: "part.parquet", Rows: 25})
	b.processing(&audience.Processing{Options: []string{"LDU"}})
	b.meta.after = func(n int, _ *request, _ *meta.Ack) error {
		if n == 1 {
			suppress(t, list, audience.Email, "p3@example.com", "p5@example.com")
		}
		return nil
	}
	require.NoError(t, b.run())
	back := b.meta.requests[1]
	assert.True(t, back.remove)
	assert.Equal(t, []string{"EXTERN_ID", "EMAIL", "LN", "MADID"}, back.schema)
	assert.Equal(t, [][]string{{"c-3", emailOf(3), sha("lee"), ""}, {"c-5", emailOf(5), sha("lee"), ""}}, back.data)
	assert.Equal(t, int64(2), b.receipt.Withheld)
	assert.Equal(t, int64(23), b.receipt.Sent)
}

// TestRefusedRowsWithValues finds rows again whose numbers and lists Meta spells in its own way.
func TestRefusedRowsWithValues(t *testing.T) {
	rows := [][]string{{"1", "a@example.org", "1.5", "no"}, {"2", "b@example.org", "2", "no"}, {"3", "c@example.org", "3", "no"}, {"4", "d@example.org", "4", "no"}}
	b := newBench(t, groupColumns, rows)
	b.processing(&audience.Processing{Options: []string{}})
	b.meta.after = func(_ int, r *request, ack *meta.Ack) error {
		who := func(i int) string { return fmt.Sprintf("[%q, %q, ", r.data[i][0], r.data[i][1]) }
		ack.Invalid = 2
		ack.Samples = meta.Samples{who(0) + `1.5, [ ]]`: "invalid LOOKALIKE_VALUE", who(1) + `"2", []]`: "empty external ID", who(2) + `4, []]`: "nobody's", `{}`: "x", `[1`: "y"}
		return nil
	}
	require.NoError(t, b.run())
	part := func(row int64, reason string, key audience.Key) audience.RefusedRow {
		return audience.RefusedRow{File: "part.parquet", RowGroup: 1, Row: row, Keys: []audience.Key{key}, Reason: reason}
	}
	assert.Equal(t, []audience.RefusedRow{part(1, "invalid LOOKALIKE_VALUE", audience.LookalikeValue), part(2, "empty external ID", audience.ExternID)}, b.receipt.Refused)
}
