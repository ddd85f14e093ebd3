package replay

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

const (
	busARN     = "arn:aws:events:eu-west-1:123456789012:event-bus/cleanreach"
	archiveARN = "arn:aws:events:eu-west-1:123456789012:archive/cleanreach"
)

// A fakeBus is an archive of a bus with rules, a page for each.
type fakeBus struct {
	now     time.Time
	started []*eventbridge.StartReplayInput
	replays map[string]types.ReplayState
	ends    types.ReplayState // after a few looks
	looks   int
	refuse  error
	said    []string
}

func newBus() *fakeBus {
	return &fakeBus{
		now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), replays: map[string]types.ReplayState{}, ends: types.ReplayStateCompleted,
	}
}

func (b *fakeBus) DescribeArchive(_ context.Context, in *eventbridge.DescribeArchiveInput, _ ...func(*eventbridge.Options)) (*eventbridge.DescribeArchiveOutput, error) {
	if *in.ArchiveName != "cleanreach" {
		return nil, &types.ResourceNotFoundException{Message: aws.String("no such archive")}
	}
	return &eventbridge.DescribeArchiveOutput{
		ArchiveName: in.ArchiveName, ArchiveArn: aws.String(archiveARN), EventSourceArn: aws.String(busARN),
		CreationTime: aws.Time(b.now.AddDate(0, -6, 0)), RetentionDays: aws.Int32(100),
	}, nil
}

func (b *fakeBus) ListRules(_ context.Context, in *eventbridge.ListRulesInput, _ ...func(*eventbridge.Options)) (*eventbridge.ListRulesOutput, error) {
	rule := func(name string) types.Rule {
		return types.Rule{Name: &name, Description: aws.String("what it does"), Arn: aws.String("arn:aws:events:eu-west-1:123456789012:rule/cleanreach/" + name)}
	}
	switch aws.ToString(in.NextToken) {
	case "":
		managed := rule("Events-Archive-cleanreach")
		managed.ManagedBy = aws.String("prod.vhs.events.aws.internal")
		return &eventbridge.ListRulesOutput{Rules: []types.Rule{managed, rule("cleanreach-start-markers")}, NextToken: aws.String("more")}, nil
	case "more":
		off := rule("cleanreach-run-events")
		off.State = types.RuleStateDisabled
		return &eventbridge.ListRulesOutput{Rules: []types.Rule{off}}, nil
	}
	return nil, errors.New("invalid token")
}

func (b *fakeBus) StartReplay(_ context.Context, in *eventbridge.StartReplayInput, _ ...func(*eventbridge.Options)) (*eventbridge.StartReplayOutput, error) {
	if b.refuse != nil {
		return nil, b.refuse
	}
	b.started = append(b.started, in)
	b.replays[*in.ReplayName], b.looks = types.ReplayStateStarting, 0
	return &eventbridge.StartReplayOutput{}, nil
}

func (b *fakeBus) DescribeReplay(_ context.Context, in *eventbridge.DescribeReplayInput, _ ...func(*eventbridge.Options)) (*eventbridge.DescribeReplayOutput, error) {
	state, known := b.replays[*in.ReplayName]
	if !known {
		return nil, &types.ResourceNotFoundException{}
	}
	if b.looks++; b.looks > 3 && !ended(state) {
		state = b.ends
		b.replays[*in.ReplayName] = state
	}
	return &eventbridge.DescribeReplayOutput{State: state, StateReason: aws.String("a target is gone"), EventLastReplayedTime: aws.Time(b.now.Add(-time.Hour))}, nil
}

func (b *fakeBus) replayer() *Replayer {
	return &Replayer{
		API: b, Archive: archiveARN, Now: func() time.Time { return b.now },
		Sleep: func(ctx context.Context, d time.Duration) error { b.now = b.now.Add(d); return ctx.Err() },
		Tell:  func(format string, args ...any) { b.said = append(b.said, fmt.Sprintf(format, args...)) },
	}
}

func (b *fakeBus) request(rules ...string) Request {
	return Request{From: b.now.Add(-2 * time.Hour), To: b.now.Add(-time.Hour), Rules: rules}
}

func (b *fakeBus) replay(t *testing.T, ctx context.Context, q Request) error { //nolint:revive // ctx is what differs
	t.Helper()
	b.said = nil
	plan, err := b.replayer().Plan(ctx, q)
	require.NoError(t, err)
	return b.replayer().Run(ctx, plan)
}

func TestPlan(t *testing.T) {
	day := 24 * time.Hour
	cases := []struct {
		name     string
		from, to time.Duration // before now
		rules    []string
		want     []string
		never    string
		fails    string
	}{
		{"an hour", 2 * time.Hour, time.Hour, nil, []string{
			"events of 2026-11-24T10:00:00Z to 2026-11-24T11:00:00Z, of the archive cleanreach", "cleanreach-start-markers: what it does",
			"cleanreach-run-events: what it does (disabled: it gets nothing)", "does not start it twice",
		}, "Events-Archive", ""},
		{"to a rule", 2 * time.Hour, time.Hour, []string{"cleanreach-start-markers"}, []string{"cleanreach-start-markers"}, "run-events", ""},
		{"to now", time.Hour, 0, nil, []string{"may not be in the archive yet"}, "CAREFUL", ""},
		{"into the future", time.Hour, -day, nil, []string{"to 2026-11-24T12:00:00Z"}, "2026-11-25", ""},
		{"names are forgotten", 91 * day, 90 * day, nil, []string{"CAREFUL: before 2026-08-26T12:00:00Z names are forgotten"}, "nothing from before", ""},
		{"events are forgotten", 120 * day, 90 * day, nil, []string{"the archive has nothing from before 2026-08-16T12:00:00Z"}, "in the archive yet", ""},
		{"an unknown rule", 2 * time.Hour, time.Hour, []string{"start"}, nil, "", "the bus has no rule start: it has cleanreach-start-markers, cleanreach-run-events"},
		{"backwards", time.Hour, 2 * time.Hour, nil, nil, "", "it must begin before it ends"},
		{"all of it in the future", -day, -2 * day, nil, nil, "", "in the past"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := newBus()
			_, err := b.replayer().Plan(t.Context(), Request{b.now.Add(-c.from), b.now.Add(-c.to), c.rules})
			if c.fails != "" {
				require.ErrorContains(t, err, c.fails)
				assert.Equal(t, audience.Invalid, audience.ClassOf(err))
				return
			}
			require.NoError(t, err)
			said := strings.Join(b.said, "\n")
			for _, want := range c.want {
				assert.Contains(t, said, want)
			}
			if c.never != "" {
				assert.NotContains(t, said, c.never)
			}
			assert.Empty(t, b.started, "a plan changes nothing")
		})
	}
	t.Run("an unknown archive", func(t *testing.T) {
		b := newBus()
		r := b.replayer()
		r.Archive = "other"
		_, err := r.Plan(t.Context(), b.request())
		require.ErrorContains(t, err, "look at the archive other")
		assert.Equal(t, audience.Invalid, audience.ClassOf(err))
	})
}

func TestReplay(t *testing.T) {
	b := newBus()
	q := b.request("cleanreach-start-markers")
	require.NoError(t, b.replay(t, t.Context(), q))
	require.Len(t, b.started, 1)
	in := b.started[0]
	assert.Equal(t, &types.ReplayDestination{Arn: aws.String(busARN), FilterArns: []string{"arn:aws:events:eu-west-1:123456789012:rule/cleanreach/cleanreach-start-markers"}}, in.Destination)
	assert.Equal(t, []any{archiveARN, q.From, q.To}, []any{*in.EventSourceArn, *in.EventStartTime, *in.EventEndTime})
	assert.Regexp(t, `^[.\-_A-Za-z0-9]{1,64}$`, *in.ReplayName, "what EventBridge takes for a name")
	assert.Contains(t, strings.Join(b.said, "\n"), "is complete, its last event of 2026-11-24T11:00:")

	require.NoError(t, b.replay(t, t.Context(), q), "once more, by another name")
	require.Len(t, b.started, 2)
	assert.NotEqual(t, *in.ReplayName, *b.started[1].ReplayName)
	assert.Contains(t, b.said, "the replay "+*in.ReplayName+" of this range is over (completed): this is another")

	require.NoError(t, b.replay(t, t.Context(), b.request()))
	assert.Empty(t, b.started[2].Destination.FilterArns, "without a rule it goes to all")
}

func TestEndsOfAReplay(t *testing.T) {
	for state, want := range map[types.ReplayState]string{
		types.ReplayStateFailed: "failed, its last event of 2026-11-24T11:00:", types.ReplayStateCancelled: "was cancelled by somebody",
	} {
		b := newBus()
		b.ends = state
		err := b.replay(t, t.Context(), b.request())
		require.ErrorContains(t, err, want)
		assert.Equal(t, audience.Transient, audience.ClassOf(err))
	}
	b := newBus()
	b.refuse = errors.New("access denied")
	require.ErrorContains(t, b.replay(t, t.Context(), b.request()), "access denied")
}

func TestAnInterruptedReplayGoesOn(t *testing.T) {
	b := newBus()
	q := b.request()
	ctx, cancel := context.WithCancel(t.Context())
	plan, err := b.replayer().Plan(ctx, q)
	require.NoError(t, err)
	r := b.replayer()
	r.Sleep = func(context.Context, time.Duration) error { cancel(); return ctx.Err() }
	require.ErrorContains(t, r.Run(ctx, plan), "goes on; stop it with: aws events cancel-replay --replay-name "+*b.started[0].ReplayName)

	require.NoError(t, b.replay(t, t.Context(), q))
	assert.Len(t, b.started, 1, "it was waited for")
	assert.Contains(t, strings.Join(b.said, "\n"), "is under way already")
}
