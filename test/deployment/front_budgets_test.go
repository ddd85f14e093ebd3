package deployment

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
)

// budgets answer the Budgets API as far as aws_budgets_budget goes.
type budgets struct {
	all shelf[*budget] // by name
}

func newBudgets() *budgets { return &budgets{} }

type budget struct {
	document map[string]any
	notices  []notice
	tags     []map[string]string
}

type notice struct {
	Notification map[string]any
	Subscribers  []map[string]any
}

type budgetCall struct {
	BudgetName                   string
	ResourceARN                  string
	Budget, NewBudget            map[string]any
	NotificationsWithSubscribers []notice
	Notification                 map[string]any
	Subscribers                  []map[string]any
	ResourceTags                 []map[string]string
}

func (b *budgets) answer(w http.ResponseWriter, r *request) bool {
	var in budgetCall
	if json.Unmarshal(r.body, &in) != nil {
		return refuse(w, http.StatusBadRequest, "InvalidParameterException", "no JSON")
	}
	for _, document := range []map[string]any{in.Budget, in.NewBudget} {
		if name, ok := document["BudgetName"].(string); ok {
			in.BudgetName = name
		}
	}
	if in.BudgetName == "" && in.ResourceARN != "" {
		in.BudgetName = in.ResourceARN[len("arn:aws:budgets::"+account+":budget/"):]
	}
	found, ok := b.all.get(in.BudgetName)
	switch {
	case r.operation == "CreateBudget" && ok:
		return refuse(w, http.StatusBadRequest, "DuplicateRecordException", "there is a budget %s", in.BudgetName)
	case r.operation == "CreateBudget":
		if in.Budget["CalculatedSpend"] == nil {
			in.Budget["CalculatedSpend"] = map[string]any{"ActualSpend": map[string]any{"Amount": "0", "Unit": "USD"}}
		}
		b.all.put(in.BudgetName, &budget{in.Budget, in.NotificationsWithSubscribers, in.ResourceTags})
		return writeJSON(w, http.StatusOK, map[string]any{})
	case !ok:
		return refuse(w, http.StatusBadRequest, "NotFoundException", "there is no budget %s", in.BudgetName)
	}
	return b.with(w, r, found, in)
}

// with does what is asked of a budget that is there.
func (b *budgets) with(w http.ResponseWriter, r *request, found *budget, in budgetCall) bool {
	same := func(n notice) bool {
		given := maps.Clone(in.Notification)
		delete(given, "NotificationState")
		kept := maps.Clone(n.Notification)
		delete(kept, "NotificationState")
		return maps.Equal(given, kept)
	}
	out := map[string]any{}
	switch r.operation {
	case "DescribeBudget":
		out["Budget"] = found.document
	case "UpdateBudget":
		maps.Copy(found.document, in.NewBudget)
	case "DeleteBudget":
		b.all.remove(in.BudgetName)
	case "DescribeNotificationsForBudget":
		all := []map[string]any{}
		for _, n := range found.notices {
			all = append(all, n.Notification)
		}
		out["Notifications"] = all
	case "DescribeSubscribersForNotification":
		i := slices.IndexFunc(found.notices, same)
		if i < 0 {
			return refuse(w, http.StatusBadRequest, "NotFoundException", "there is no such notification")
		}
		out["Subscribers"] = found.notices[i].Subscribers
	case "CreateNotification":
		found.notices = append(found.notices, notice{in.Notification, in.Subscribers})
	case "DeleteNotification":
		found.notices = slices.DeleteFunc(found.notices, same)
	case "ListTagsForResource":
		out["ResourceTags"] = found.tags
	case "TagResource":
		found.tags = append(found.tags, in.ResourceTags...)
	default:
		return refuse(w, http.StatusNotImplemented, "ValidationException", "the front does not know %s", r.operation)
	}
	return writeJSON(w, http.StatusOK, out)
}
