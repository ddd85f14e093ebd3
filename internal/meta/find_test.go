package meta_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
)

func TestFindByMark(t *testing.T) {
	client, _ := sandboxed(t)
	ctx := t.Context()
	create := func(description, mark string) string {
		id, err := client.CreateAudience(ctx, "act_42", meta.NewAudience{Name: "VIPs", Description: description, Mark: mark, CustomerFileSource: "USER_PROVIDED_ONLY"})
		require.NoError(t, err)
		return id
	}
	create("of another tenant", "cleanreach:a/bc")
	first := create("", "cleanreach:a/b")
	for range 45 { // the list begins with the newest: three pages
		create("in between", "cleanreach:a/other")
	}
	create("a second one", "cleanreach:a/b")
	_, err := client.CreateAudience(ctx, "act_43", newAudience)
	require.NoError(t, err)

	for mark, want := range map[string]string{"cleanreach:a/b": first, "cleanreach:a": "", "a/b": "", "cleanreach:a/": "", "cleanreach:a/b2": ""} {
		found, err := client.FindAudience(ctx, "act_42", mark)
		require.NoError(t, err)
		if want == "" {
			assert.Nil(t, found, mark)
			continue
		}
		require.NotNil(t, found, mark)
		assert.Equal(t, want, found.ID)
		assert.Equal(t, "CUSTOM", found.Subtype)
	}
}

func TestCarries(t *testing.T) {
	for _, c := range []struct {
		description string
		want        bool
	}{
		{"cleanreach:a/b", true},
		{"The best cleanreach:a/b", true},
		{"The best\tcleanreach:a/b edited by hand", true},
		{"cleanreach:a/bc", false},
		{"xcleanreach:a/b", false},
		{"cleanreach:a/b.", false},
		{"CLEANREACH:A/B", false},
		{"", false},
	} {
		assert.Equal(t, c.want, meta.CustomAudience{Description: c.description}.Carries("cleanreach:a/b"), c.description)
	}
	assert.False(t, meta.CustomAudience{}.Carries(""))
}

// listing answers page after page.
func listing(t *testing.T, pages ...string) (*meta.Client, *[]string) {
	t.Helper()
	var asked []string
	return over(t, func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.Query().Get("after"))
		return reply(200, nil, pages[min(len(asked), len(pages))-1]), nil
	}), &asked
}

func TestListsOfOddShape(t *testing.T) {
	entry := func(id, subtype string) string {
		return fmt.Sprintf(`{"id":%q,"subtype":%q,"description":"cleanreach:a/b"}`, id, subtype)
	}
	for _, c := range []struct {
		name  string
		pages []string
		want  string
		asked []string
	}{
		{"no paging at all", []string{`{"data":[` + entry("5", "CUSTOM") + `]}`}, "5", []string{""}},
		{"ids by number, not by letters", []string{`{"data":[` + entry("10", "CUSTOM") + `,` + entry("9", "CUSTOM") + `]}`}, "9", []string{""}},
		{"lookalikes do not count", []string{`{"data":[` + entry("5", "LOOKALIKE") + `]}`}, "", []string{""}},
		{"empty page in the middle", []string{
			`{"data":[],"paging":{"cursors":{"after":"x"},"next":"https://graph.facebook.com/?access_token=` + token + `"}}`,
			`{"data":[` + entry("5", "CUSTOM") + `],"paging":{"cursors":{"after":"y"}}}`,
		}, "5", []string{"", "x"}},
		{"a cursor that stands still", []string{`{"data":[` + entry("5", "CUSTOM") + `],"paging":{"cursors":{"after":"x"},"next":"n"}}`}, "5", []string{"", "x"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, asked := listing(t, c.pages...)
			found, err := client.FindAudience(t.Context(), "act_42", "cleanreach:a/b")
			require.NoError(t, err)
			assert.Equal(t, c.asked, *asked)
			if c.want == "" {
				assert.Nil(t, found)
				return
			}
			require.NotNil(t, found)
			assert.Equal(t, c.want, found.ID)
		})
	}
}

func TestAnEndlessListEnds(t *testing.T) {
	n := 0
	client := over(t, func(*http.Request) (*http.Response, error) {
		n++
		return reply(200, nil, fmt.Sprintf(`{"data":[],"paging":{"cursors":{"after":"%d"},"next":"n"}}`, n)), nil
	})
	_, err := client.FindAudience(t.Context(), "act_42", "cleanreach:a/b")
	require.ErrorContains(t, err, "write meta.audience_id into the definition")
	assert.Equal(t, audience.Invalid, audience.ClassOf(err))
	assert.Equal(t, 500, n)
}

func TestAPageIsTriedAgainByItself(t *testing.T) {
	n := 0
	client := over(t, func(r *http.Request) (*http.Response, error) {
		n++
		switch after := r.URL.Query().Get("after"); {
		case n%2 == 0:
			return nil, errors.New("cut off")
		case after == "":
			return reply(200, nil, `{"data":[],"paging":{"cursors":{"after":"x"},"next":"n"}}`), nil
		case after == "x":
			return reply(200, nil, `{"data":[],"paging":{"cursors":{"after":"y"},"next":"n"}}`), nil
		}
		return reply(200, nil, `{"data":[{"id":"5","subtype":"CUSTOM","description":"cleanreach:a/b"}]}`), nil
	})
	found, err := meta.Retrying(client, meta.Policy{Attempts: 2, Sleep: (&clock{}).sleep}).FindAudience(t.Context(), "act_42", "cleanreach:a/b")
	require.NoError(t, err)
	require.NotNil(t, found)
	assert.Equal(t, "5", found.ID)
	assert.Equal(t, 5, n)
}
