package sandbox

import (
	"math"
	"time"
)

func (s *Server) readAudience(c *call) reply { return selectFields(c, s.describe(c.audience)) }

// describe gives all fields of an audience. A nil one is not set.
func (s *Server) describe(a *customAudience) map[string]any {
	now := s.clock.Now()
	a.mu.Lock() // counting may look through the journal and remembers what it found
	defer a.mu.Unlock()
	size, operation := s.size(a, now), s.operation(a, now)
	lower, upper := int64(-1), int64(-1)
	if size >= 0 {
		lower, upper = bounds(int64(float64(size) * s.cfg.MatchRate))
	}
	delivery := 300
	switch {
	case a.delivery != 0:
		delivery = a.delivery
	case lower > placeholder:
		delivery = 200
	}
	subType := "ANYTHING"
	if a.single != nil {
		subType = dataSource(*a.single)
	}
	node := map[string]any{
		"id": a.id, "account_id": a.account, "name": a.Name, "subtype": "CUSTOM", "description": a.Description,
		"customer_file_source": a.Source, "is_value_based": a.ValueBased, "time_created": a.Created,
		"data_source":                   map[string]any{"type": "FILE_IMPORTED", "sub_type": subType, "creation_params": "[]"},
		"approximate_count_lower_bound": lower, "approximate_count_upper_bound": upper,
		"operation_status": map[string]any{"code": operation, "description": operationWords[operation]},
		"delivery_status":  map[string]any{"code": delivery, "description": deliveryWords(delivery)},
		"time_updated":     a.Created, "delete_time": nil, "retention_days": nil,
	}
	if !a.updated.IsZero() {
		node["time_updated"] = a.updated.Unix()
	}
	if a.Retention > 0 {
		node["retention_days"] = a.Retention
	}
	if operation == 100 {
		node["delete_time"] = now.Add(90 * 24 * time.Hour).Unix()
	}
	return node
}

// size is how many people Meta has processed; -1 as long as it has none. The caller holds a.mu.
func (s *Server) size(a *customAudience, now time.Time) int64 {
	switch {
	case a.single == nil:
		return -1
	case now.Sub(a.updated) < s.cfg.Processing:
		return a.settled
	}
	return a.count(now)
}

// operation is the audience's operation status: what an operator set, else what follows from the uploads. The caller holds
// a.mu.
func (s *Server) operation(a *customAudience, now time.Time) int {
	switch {
	case a.status != 0:
		return a.status
	case a.replacing(now, s.cfg.Replacing):
		return 414
	case a.single == nil:
		return 410
	}
	return 200
}

// operationWords are the operation statuses that Meta documents.
var operationWords = map[int]string{
	0: "Status not available", 100: "Expiring: not used in an active ad set for over two years", 200: "Normal",
	400: "Warning", 410: "No upload", 411: "Low match rate", 412: "High rate of invalid entries", 414: "Replace in progress",
	415: "Replace failed", 421: "No pixel", 422: "Pixel not firing", 423: "Invalid pixel", 431: "Lookalike refresh failed",
	432: "Lookalike build failed", 433: "Lookalike build failed", 434: "Lookalike build is retried",
	441: "Populating: usable now, the size will increase", 442: "Could not be prefilled", 450: "Out of date", 470: "Creator inactive",
	471: "Flagged for integrity: uploads are blocked", 500: "Error",
}

func deliveryWords(code int) string {
	switch code {
	case 200:
		return "This audience is ready for use."
	case 300:
		return "This audience is too small to be used"
	}
	return "This audience cannot be used"
}

func dataSource(single bool) string {
	if single {
		return "HASHES_OR_USER_IDS"
	}
	return "MULTI_HASHES"
}

// placeholder is the size up to which Meta tells none.
const placeholder = 1000

// bounds rounds a size to two digits, down and up, as a range that protects the people in it.
func bounds(size int64) (lower, upper int64) {
	if size <= placeholder {
		return placeholder, placeholder
	}
	unit := int64(math.Pow10(int(math.Log10(float64(size))) - 1))
	lower = size / unit * unit
	return lower, lower + lower/10/unit*unit + unit
}
