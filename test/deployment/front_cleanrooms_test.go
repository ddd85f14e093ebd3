package deployment

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"
)

// rooms answer the Clean Rooms API as far as Terraform's resources go: collaborations, memberships and configured tables are
// made, got, changed, tagged and deleted, and are not there before and after.
type rooms struct {
	things shelf[map[string]any]    // by path: collaborations/<id>
	tags   shelf[map[string]string] // by ARN
}

func newRooms() *rooms { return &rooms{} }

// kinds are the API's collections, and the field that holds one of each in answers.
var kinds = map[string]string{"collaborations": "collaboration", "memberships": "membership", "configuredTables": "configuredTable"}

func (r *rooms) answer(w http.ResponseWriter, call *request) bool {
	parts := strings.Split(strings.Trim(call.URL.EscapedPath(), "/"), "/")
	field, known := kinds[parts[0]]
	switch {
	case parts[0] == "tags" && len(parts) == 2:
		return r.tagging(w, call, parts[1])
	case !known:
		return refuse(w, http.StatusNotImplemented, "ValidationException", "the front does not know %s %s", call.Method, call.URL.Path)
	case len(parts) == 1 && call.Method == http.MethodPost:
		return r.create(w, call, parts[0], field)
	case len(parts) == 1:
		return r.list(w, parts[0], field)
	}
	thing, ok := r.things.get(parts[0] + "/" + parts[1])
	if !ok {
		return refuse(w, http.StatusNotFound, "ResourceNotFoundException", "there is no %s %s", field, parts[1])
	}
	switch {
	case len(parts) == 3 && parts[2] == "members" && call.Method == http.MethodGet:
		return writeJSON(w, http.StatusOK, map[string]any{"memberSummaries": thing["memberSummaries"]})
	case len(parts) != 2:
		return refuse(w, http.StatusNotImplemented, "ValidationException", "the front does not know %s %s", call.Method, call.URL.Path)
	case call.Method == http.MethodDelete:
		r.things.remove(parts[0] + "/" + parts[1])
		w.WriteHeader(http.StatusNoContent)
		return true
	case call.Method == http.MethodPatch:
		thing = merge(thing, call.body)
		r.things.put(parts[0]+"/"+parts[1], thing)
	}
	return writeJSON(w, http.StatusOK, map[string]any{field: thing})
}

func (r *rooms) create(w http.ResponseWriter, call *request, collection, field string) bool {
	var in map[string]any
	if json.Unmarshal(call.body, &in) != nil {
		return refuse(w, http.StatusBadRequest, "ValidationException", "no JSON")
	}
	thing, problem := r.make(collection, in)
	if problem != "" {
		return refuse(w, http.StatusBadRequest, "ValidationException", "%s", problem)
	}
	return writeJSON(w, http.StatusOK, map[string]any{field: thing})
}

// make makes a thing of what was asked for, or says what is wrong with that. CloudFormation's stacks make theirs here too.
func (r *rooms) make(collection string, in map[string]any) (map[string]any, string) {
	field, id := kinds[collection], uuid.NewString()
	arn := fmt.Sprintf("arn:aws:cleanrooms:%s:%s:%s/%s", region, account, strings.ToLower(field), id)
	now := float64(time.Now().Unix())
	thing := maps.Clone(in)
	if given, ok := thing["tags"].(map[string]any); ok {
		tags := map[string]string{}
		for k, v := range given {
			tags[k] = fmt.Sprint(v)
		}
		r.tags.put(arn, tags)
		delete(thing, "tags")
	}
	maps.Copy(thing, map[string]any{"id": id, "arn": arn, "createTime": now, "updateTime": now})
	switch collection {
	case "collaborations":
		thing["creatorAccountId"], thing["memberStatus"] = account, "INVITED"
		thing["memberSummaries"] = membersOf(thing)
	case "memberships":
		collaboration, ok := r.things.get("collaborations/" + fmt.Sprint(in["collaborationIdentifier"]))
		if !ok {
			return nil, fmt.Sprintf("there is no collaboration %v", in["collaborationIdentifier"])
		}
		delete(thing, "collaborationIdentifier")
		maps.Copy(thing, map[string]any{
			"collaborationArn": collaboration["arn"], "collaborationId": collaboration["id"], "collaborationName": collaboration["name"],
			"collaborationCreatorAccountId": account, "collaborationCreatorDisplayName": collaboration["creatorDisplayName"], "status": "ACTIVE",
			"memberAbilities": collaboration["creatorMemberAbilities"], "mlMemberAbilities": map[string]any{"customMLMemberAbilities": []any{}},
		})
		if thing["paymentConfiguration"] == nil {
			thing["paymentConfiguration"] = map[string]any{"queryCompute": map[string]any{"isResponsible": true}}
		}
		collaboration = maps.Clone(collaboration)
		collaboration["membershipId"], collaboration["membershipArn"], collaboration["memberStatus"] = id, arn, "ACTIVE"
		r.things.put("collaborations/"+fmt.Sprint(collaboration["id"]), collaboration)
	case "configuredTables":
		thing["analysisRuleTypes"] = []any{}
	}
	r.things.put(collection+"/"+id, thing)
	return thing, ""
}

// membersOf is the members of a collaboration: its creator, and those whom it invites.
func membersOf(collaboration map[string]any) []any {
	now := collaboration["createTime"]
	member := func(account, name, abilities any, status string) map[string]any {
		return map[string]any{"accountId": account, "displayName": name, "abilities": abilities, "status": status, "createTime": now, "updateTime": now,
			"paymentConfiguration": map[string]any{"queryCompute": map[string]any{"isResponsible": status == "ACTIVE"}}}
	}
	all := []any{member(account, collaboration["creatorDisplayName"], collaboration["creatorMemberAbilities"], "ACTIVE")}
	invited, _ := collaboration["members"].([]any)
	for _, m := range invited {
		fields, _ := m.(map[string]any)
		all = append(all, member(fields["accountId"], fields["displayName"], fields["memberAbilities"], "INVITED"))
	}
	return all
}

func merge(thing map[string]any, body []byte) map[string]any {
	changed := maps.Clone(thing)
	_ = json.Unmarshal(body, &changed) // what is no JSON changes nothing
	return changed
}

func (r *rooms) list(w http.ResponseWriter, collection, field string) bool {
	found := []any{}
	for _, key := range r.things.keys() {
		if thing, ok := r.things.get(key); ok && strings.HasPrefix(key, collection+"/") {
			found = append(found, thing)
		}
	}
	return writeJSON(w, http.StatusOK, map[string]any{strings.TrimSuffix(field, "s") + "List": found, field + "Summaries": found})
}

func (r *rooms) tagging(w http.ResponseWriter, call *request, escaped string) bool {
	arn, err := url.PathUnescape(escaped)
	if err != nil {
		return refuse(w, http.StatusBadRequest, "ValidationException", "no ARN")
	}
	tags, _ := r.tags.get(arn)
	tags = maps.Clone(tags)
	if tags == nil {
		tags = map[string]string{}
	}
	switch call.Method {
	case http.MethodPost:
		var in struct{ Tags map[string]string }
		_ = json.Unmarshal(call.body, &in)
		maps.Copy(tags, in.Tags)
	case http.MethodDelete:
		for _, key := range call.URL.Query()["tagKeys"] {
			delete(tags, key)
		}
	}
	r.tags.put(arn, tags)
	return writeJSON(w, http.StatusOK, map[string]any{"tags": tags})
}
