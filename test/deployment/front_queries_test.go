package deployment

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// queries keep CloudWatch's saved queries, which the emulator lacks.
type queries struct {
	all shelf[query] // by id
}

// A query is what saving one takes, and what listing them gives.
type query struct {
	ID        string   `json:"queryDefinitionId"`
	Name      string   `json:"name"`
	Text      string   `json:"queryString"`
	LogGroups []string `json:"logGroupNames"`
}

func (q *queries) answer(w http.ResponseWriter, r *request) bool {
	if !strings.HasSuffix(r.operation, "QueryDefinition") && r.operation != "DescribeQueryDefinitions" {
		return false
	}
	var in struct {
		query

		Prefix string `json:"queryDefinitionNamePrefix"`
	}
	if json.Unmarshal(r.body, &in) != nil {
		return refuse(w, http.StatusBadRequest, "InvalidParameterException", "no JSON")
	}
	if in.ID == "" && r.operation == "PutQueryDefinition" {
		in.ID = uuid.NewString()
	} else if _, ok := q.all.get(in.ID); !ok && r.operation != "DescribeQueryDefinitions" {
		return refuse(w, http.StatusBadRequest, "ResourceNotFoundException", "there is no query %s", in.ID)
	}
	switch r.operation {
	case "PutQueryDefinition":
		q.all.put(in.ID, in.query)
		return writeJSON(w, http.StatusOK, map[string]any{"queryDefinitionId": in.ID})
	case "DeleteQueryDefinition":
		q.all.remove(in.ID)
		return writeJSON(w, http.StatusOK, map[string]any{"success": true})
	}
	found := []query{}
	for _, id := range q.all.keys() {
		if saved, ok := q.all.get(id); ok && strings.HasPrefix(saved.Name, in.Prefix) {
			found = append(found, saved)
		}
	}
	return writeJSON(w, http.StatusOK, map[string]any{"queryDefinitions": found})
}
