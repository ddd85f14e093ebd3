package meta

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// Carries reports whether the description holds mark as a word of its own.
func (a CustomAudience) Carries(mark string) bool {
	return mark != "" && slices.Contains(strings.Fields(a.Description), mark)
}

// Meta advises pages of 20 (code 1, "reduce the amount of data"). Lookalikes share the list with customer files.
const (
	pageSize = 20
	maxPages = 500
)

// ListAudiences reads one page of the account's audiences. What it gives holds id, name, subtype and description only:
// asking for more makes Meta refuse long lists.
func (c *Client) ListAudiences(ctx context.Context, account, after string) (AudiencePage, error) {
	if err := checkAccount(account); err != nil {
		return AudiencePage{}, err
	}
	call := call{doing: "list the audiences of " + account, method: http.MethodGet, object: account, edge: "customaudiences", account: account,
		query: url.Values{"fields": {"id,name,subtype,description"}, "limit": {strconv.Itoa(pageSize)}}}
	if after != "" {
		call.query.Set("after", after)
	}
	var answer struct {
		Data   *[]audienceAnswer `json:"data"`
		Paging struct {
			Cursors struct {
				After string `json:"after"`
			} `json:"cursors"`
			Next string `json:"next"`
		} `json:"paging"`
	}
	if err := c.do(ctx, call, &answer); err != nil {
		return AudiencePage{}, err
	}
	if answer.Data == nil {
		return AudiencePage{}, call.fail(errBroken)
	}
	page := AudiencePage{Audiences: make([]CustomAudience, 0, len(*answer.Data))}
	for _, a := range *answer.Data {
		page.Audiences = append(page.Audiences, a.audience())
	}
	// A page carries a ready link to the next one, but with the token in it: only its cursor is used.
	if answer.Paging.Next != "" {
		page.After = answer.Paging.Cursors.After
	}
	return page, nil
}

// FindAudience pages through the account's audiences for the one that carries mark.
func (c *Client) FindAudience(ctx context.Context, account, mark string) (*CustomAudience, error) {
	return findAudience(ctx, c.ListAudiences, account, mark)
}

// findAudience is FindAudience of whatever lists the audiences: each page is paced and tried again by itself, so that a long
// list does not begin from the start after every refusal.
func findAudience(ctx context.Context, list func(ctx context.Context, account, after string) (AudiencePage, error), account, mark string) (*CustomAudience, error) {
	if err := checkMark(mark); err != nil {
		return nil, err
	}
	var best *CustomAudience
	after := ""
	for range maxPages {
		page, err := list(ctx, account, after)
		if err != nil {
			return nil, err
		}
		for i := range page.Audiences {
			a := &page.Audiences[i]
			if a.Carries(mark) && a.Subtype == "CUSTOM" && (best == nil || lowerID(a.ID, best.ID)) {
				best = a
			}
		}
		if page.After == "" || page.After == after {
			return best, nil
		}
		after = page.After
	}
	return nil, audience.Failf(audience.Invalid, "look for audience %s in %s: there are more than %d audiences: write meta.audience_id into the definition",
		mark, account, pageSize*maxPages)
}

func lowerID(a, b string) bool { return len(a) < len(b) || len(a) == len(b) && a < b }

// checkMark refuses what Carries would never find: with it each run would create one more audience.
func checkMark(mark string) error {
	if words := strings.Fields(mark); len(words) != 1 || words[0] != mark {
		return audience.Failf(audience.Invalid, "the mark %q must be one word, such as cleanreach:tenant/audience", mark)
	}
	return nil
}
