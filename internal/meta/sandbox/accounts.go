package sandbox

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// readAccount reads an ad account. Every account exists.
func (s *Server) readAccount(c *call, terms bool) reply {
	accepted := map[string]int{}
	if terms {
		accepted["custom_audience_tos"], accepted["value_based_custom_audience_tos"] = 1, 1
	}
	return selectFields(c, map[string]any{
		"id": "act_" + c.account, "account_id": c.account, "name": "Sandbox " + c.account, "account_status": 1, "currency": "USD",
		"timezone_name": "UTC", "tos_accepted": accepted, "user_tasks": []string{"DRAFT", "ANALYZE", "ADVERTISE", "MANAGE"},
	})
}

// withoutTerms answers for an account whose terms nobody has accepted: it can be read, but nothing can be written.
func (s *Server) withoutTerms(c *call) reply {
	switch c.op {
	case opAccount:
		return s.readAccount(c, false)
	case opCreate, opUsers, opReplace, opAnyAudience:
		return refusal(200, 1870034).reply()
	}
	return s.answer(c)
}

// debugToken tells about a token. Tokens of the sandbox never expire.
func (s *Server) debugToken(c *call) reply {
	token := c.text("input_token")
	if token == "" {
		return invalidParameter("input_token is missing").reply()
	}
	if !s.knows(token) {
		return ok(map[string]any{"data": map[string]any{
			"error":    map[string]any{"code": 190, "message": "The access token could not be decrypted", "subcode": 467},
			"is_valid": false, "scopes": []string{},
		}})
	}
	return ok(map[string]any{"data": map[string]any{
		"app_id": "100200300400500", "type": "SYSTEM_USER", "application": "CleanReach sandbox", "data_access_expires_at": 0,
		"expires_at": 0, "is_valid": true, "issued_at": 1767225600, "scopes": []string{"ads_management", "business_management", "public_profile"},
		"user_id": "100200300400501",
	}})
}

// selectFields cuts a node down to the fields that were asked for, and its id. Asking for a field that the node does not
// have is an error, as at Meta.
func selectFields(c *call, node map[string]any) reply {
	chosen, err := cut(c.text("fields"), node)
	if err != nil {
		return err.reply()
	}
	return ok(chosen)
}

func cut(fields string, node map[string]any) (map[string]any, *apiError) {
	chosen := map[string]any{"id": node["id"]}
	for _, name := range strings.Split(fields, ",") {
		name = strings.TrimSpace(name)
		if name == "" {
			continue
		}
		value, known := node[name]
		if !known {
			return nil, &apiError{status: 400, code: 100, message: "(#100) Tried accessing nonexisting field (" + name + ")"}
		}
		if value != nil { // Meta leaves out what is not set
			chosen[name] = value
		}
	}
	return chosen, nil
}

// listAudiences pages through an account's audiences, newest first.
func (s *Server) listAudiences(c *call) reply {
	limit := 25
	if text := c.text("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return invalidParameter("limit must be a positive number").reply()
		}
		limit = min(n, 500)
	}
	all := s.ofAccount(c.account)
	slices.Reverse(all)
	start := 0
	if after := c.text("after"); after != "" {
		id, err := base64.RawURLEncoding.DecodeString(after)
		start = 1 + slices.IndexFunc(all, func(a *customAudience) bool { return a.id == string(id) })
		if err != nil || start == 0 {
			return invalidParameter("after is no cursor of this list").reply()
		}
	}
	page := all[start:min(start+limit, len(all))]
	data := make([]map[string]any, 0, len(page))
	for _, a := range page {
		node, err := cut(c.text("fields"), s.describe(a))
		if err != nil {
			return err.reply()
		}
		data = append(data, node)
	}
	answer := map[string]any{"data": data}
	if len(page) > 0 {
		before, after := cursor(page[0]), cursor(page[len(page)-1])
		paging := map[string]any{"cursors": map[string]any{"before": before, "after": after}}
		if start+limit < len(all) {
			// Meta's link carries the access token: a client that logs it leaks.
			next := url.Values{"access_token": {c.token}, "limit": {strconv.Itoa(limit)}, "after": {after}, "fields": {c.text("fields")}}
			paging["next"] = fmt.Sprintf("%s/%s/act_%s/customaudiences?%s", c.base, s.cfg.Version, c.account, next.Encode())
		}
		answer["paging"] = paging
	}
	return ok(answer)
}

func cursor(a *customAudience) string { return base64.RawURLEncoding.EncodeToString([]byte(a.id)) }

// maxAudiences is how many customer-file audiences an account may have.
const maxAudiences = 500

// createAudience makes a customer-file audience.
func (s *Server) createAudience(c *call) reply {
	record := audienceRecord{
		Account: c.account, Name: c.text("name"), Description: c.text("description"), Source: c.text("customer_file_source"),
		ValueBased: isTrue(c.text("is_value_based")), Created: s.clock.Now().Unix(),
	}
	switch {
	case strings.TrimSpace(record.Name) == "":
		return invalidParameter("name is required").reply()
	case utf8.RuneCountInString(record.Name) > 200:
		return invalidParameter("name is too long: %s", record.Name).reply()
	case c.text("subtype") != "CUSTOM":
		return invalidParameter("subtype must be CUSTOM").reply()
	case !slices.Contains([]string{"USER_PROVIDED_ONLY", "PARTNER_PROVIDED_ONLY", "BOTH_USER_AND_PARTNER_PROVIDED"}, record.Source):
		return invalidParameter("customer_file_source must be one of USER_PROVIDED_ONLY, PARTNER_PROVIDED_ONLY, BOTH_USER_AND_PARTNER_PROVIDED").reply()
	case len(s.ofAccount(c.account)) >= maxAudiences:
		return (&apiError{status: 400, code: 2654, message: "(#2654) Failed to create custom audience: the ad account has too many custom audiences"}).reply()
	}
	if text := c.text("retention_days"); text != "" {
		days, err := strconv.Atoi(text)
		if err != nil || days < 1 || days > 180 {
			return invalidParameter("retention_days must be between 1 and 180").reply()
		}
		record.Retention = days
	}
	a, err := s.addAudience(record)
	if err != nil {
		return internal().reply()
	}
	return reply{http.StatusOK, map[string]any{"id": a.id}}
}

func isTrue(text string) bool { return text == "true" || text == "1" }
