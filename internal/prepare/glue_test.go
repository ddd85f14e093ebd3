package prepare

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// A glueServer answers as Glue does on the wire, as far as one database's tables go.
type glueServer struct {
	mu       sync.Mutex
	database string
	tables   map[string]map[string]any // as GetTable gives them
	calls    []string
	refuse   string // the error of every call, or none
	before   func() // is called once, before the first call that writes
}

func (s *glueServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "AWSGlue.")
	var in struct {
		DatabaseName, Name string
		VersionID          *string `json:"VersionId"`
		SkipArchive        bool
		TableInput         map[string]any
	}
	err := json.NewDecoder(r.Body).Decode(&in)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, operation)
	if operation != "GetTable" && s.before != nil {
		s.before()
		s.before = nil
	}
	name, _ := in.TableInput["Name"].(string)
	if operation == "GetTable" {
		name = in.Name
	}
	table := s.tables[name]
	switch {
	case err != nil || name == "" || s.refuse != "":
		s.fail(w, s.refuse)
	case in.DatabaseName != s.database || table == nil && operation != "CreateTable":
		s.fail(w, "EntityNotFoundException")
	case operation == "GetTable":
		_ = json.NewEncoder(w).Encode(map[string]any{"Table": table})
	case operation == "CreateTable" && table != nil:
		s.fail(w, "AlreadyExistsException")
	case operation == "CreateTable":
		s.put(name, in.TableInput, 0)
		_, _ = fmt.Fprint(w, "{}")
	case operation == "UpdateTable" && in.VersionID != nil && *in.VersionID != table["VersionId"]:
		s.fail(w, "ConcurrentModificationException")
	case operation == "UpdateTable" && in.VersionID != nil && in.SkipArchive:
		version, _ := strconv.Atoi(fmt.Sprint(table["VersionId"]))
		s.put(name, in.TableInput, version+1)
		_, _ = fmt.Fprint(w, "{}")
	default:
		s.fail(w, "InvalidInputException")
	}
}

// put replaces all of a table, as Glue does.
func (s *glueServer) put(name string, input map[string]any, version int) {
	input["DatabaseName"], input["VersionId"], input["CreatedBy"] = s.database, strconv.Itoa(version), "role"
	s.tables[name] = input
}

func (s *glueServer) fail(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = fmt.Fprintf(w, `{"__type": %q, "Message": "no"}`, code)
}

// table is a table as a catalog's document says it.
func (s *glueServer) table(name string) (audience.CatalogTable, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, err := json.Marshal(s.tables[name])
	if err != nil || s.tables[name] == nil {
		return audience.CatalogTable{}, fmt.Errorf("no table %s: %w", name, err)
	}
	var t struct {
		Name, TableType   string
		Parameters        map[string]string
		StorageDescriptor struct {
			Location, InputFormat, OutputFormat string
			Columns                             []audience.CatalogColumn
			SerdeInfo                           struct{ SerializationLibrary string }
		}
	}
	err = json.Unmarshal(data, &t)
	sd := t.StorageDescriptor
	if t.TableType != "EXTERNAL_TABLE" || t.Parameters["classification"] != "parquet" || sd.InputFormat != parquetInput ||
		sd.OutputFormat != parquetOutput || sd.SerdeInfo.SerializationLibrary != parquetSerde {
		return audience.CatalogTable{}, fmt.Errorf("%s is no Parquet table", data)
	}
	return audience.CatalogTable{Schema: 1, Name: t.Name, Location: sd.Location, Columns: sd.Columns, Run: t.Parameters[glueRun]}, err
}

func newGlue(t *testing.T) (*glueServer, GlueCatalog) {
	t.Helper()
	s := &glueServer{database: "reach", tables: map[string]map[string]any{}}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return s, NewGlueCatalog(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
		RetryMaxAttempts: 1,
	}, "reach")
}

var switched = audience.CatalogTable{
	Schema: 1, Name: "acme_vip", Location: "s3://work/runs/acme/vip/2/prepared/", Run: "2",
	Columns: []audience.CatalogColumn{{Name: "email", Type: "string"}, {Name: "last_order", Type: "date"}},
}

func TestGlueCatalog(t *testing.T) {
	s, catalog := newGlue(t)
	testCatalog(t, catalog, s.table)
}

func TestGlueCatalogKeepsWhatIsNotItsOwn(t *testing.T) {
	s, catalog := newGlue(t)
	s.put("acme_vip", map[string]any{
		"Name": "acme_vip", "Description": "Vips", "Owner": "ann", "Retention": float64(7), "LastAccessTime": float64(1700000000),
		"TableType": "EXTERNAL_TABLE", "Parameters": map[string]any{"team": "crm", glueRun: "1"},
		"PartitionKeys": []any{map[string]any{"Name": "day", "Type": "date"}},
		"StorageDescriptor": map[string]any{
			"Location": "s3://work/empty/", "SerdeInfo": map[string]any{"SerializationLibrary": "csv"},
			"Columns": []any{map[string]any{"Name": "email", "Type": "int", "Comment": "canonical"}, map[string]any{"Name": "old", "Type": "int"}},
		},
	}, 3)
	require.NoError(t, catalog.Switch(t.Context(), switched))
	got, err := s.table("acme_vip")
	require.NoError(t, err)
	assert.Equal(t, switched, got)
	table := s.tables["acme_vip"]
	assert.Equal(t, "4", table["VersionId"])
	assert.Equal(t, []any{"Vips", "ann", float64(7), float64(1700000000)},
		[]any{table["Description"], table["Owner"], table["Retention"], table["LastAccessTime"]})
	assert.Equal(t, map[string]any{"team": "crm", glueRun: "2", "classification": "parquet", "EXTERNAL": "TRUE"}, table["Parameters"])
	assert.NotContains(t, table, "PartitionKeys", "a partitioned table has no rows but those of its partitions")
	assert.Equal(t, "canonical", table["StorageDescriptor"].(map[string]any)["Columns"].([]any)[0].(map[string]any)["Comment"])

	s.calls = nil
	require.NoError(t, catalog.Switch(t.Context(), switched))
	assert.Equal(t, []string{"GetTable"}, s.calls, "it is switched already")
}

func TestGlueCatalogLosesNoUpdate(t *testing.T) {
	s, catalog := newGlue(t)
	require.NoError(t, catalog.Switch(t.Context(), switched))
	s.before = func() {
		s.put("acme_vip", map[string]any{"Name": "acme_vip", "Description": "written meanwhile"}, 7)
	}
	to := switched
	to.Run = "3"
	require.NoError(t, catalog.Switch(t.Context(), to))
	got, err := s.table("acme_vip")
	require.NoError(t, err)
	assert.Equal(t, to, got)
	assert.Equal(t, "written meanwhile", s.tables["acme_vip"]["Description"])
}

func TestGlueCatalogTableMadeMeanwhile(t *testing.T) {
	s, catalog := newGlue(t)
	s.before = func() {
		s.put("acme_vip", map[string]any{"Name": "acme_vip", "Description": "made meanwhile"}, 0)
	}
	require.NoError(t, catalog.Switch(t.Context(), switched))
	assert.Equal(t, "made meanwhile", s.tables["acme_vip"]["Description"])
	assert.Equal(t, []string{"GetTable", "CreateTable", "GetTable", "UpdateTable"}, s.calls)
}

func TestGlueCatalogRefusals(t *testing.T) {
	cases := []struct {
		name     string
		database string
		refuse   string
		table    map[string]any
		class    audience.Class
		next     string
	}{
		{"throttled", "reach", "ThrottlingException", nil, audience.Transient, ""},
		{"Glue is ill", "reach", "InternalServiceException", nil, audience.Transient, ""},
		{"not allowed", "reach", "AccessDeniedException", nil, audience.Invalid, "glue:UpdateTable"},
		{"no key", "reach", "GlueEncryptionException", nil, audience.Invalid, "the key that encrypts"},
		{"bad columns", "reach", "InvalidInputException", nil, audience.Invalid, "column names"},
		{"full", "reach", "ResourceNumberLimitExceededException", nil, audience.Invalid, "quota"},
		{"no database", "other", "", nil, audience.Invalid, "create the database"},
		{"a view", "reach", "", map[string]any{"TableType": "VIRTUAL_VIEW"}, audience.Invalid, "remove or rename it"},
		{"a link", "reach", "", map[string]any{"TargetTable": map[string]any{"Name": "x"}}, audience.Invalid, "remove or rename it"},
		{"Iceberg", "reach", "", map[string]any{"TableType": "EXTERNAL_TABLE", "Parameters": map[string]any{"table_type": "ICEBERG"}}, audience.Invalid, "remove or rename it"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, catalog := newGlue(t)
			s.database, s.refuse = c.database, c.refuse
			if c.table != nil {
				c.table["Name"] = "acme_vip"
				s.put("acme_vip", c.table, 1)
			}
			err := catalog.Switch(t.Context(), switched)
			require.ErrorContains(t, err, "switch table acme_vip of Glue's database reach: ")
			assert.Equal(t, c.class, audience.ClassOf(err))
			assert.Contains(t, audience.NextOf(err), c.next)
			assert.NotContains(t, s.calls, "UpdateTable")
			if c.table != nil {
				assert.Equal(t, "1", s.tables["acme_vip"]["VersionId"])
			}
		})
	}
}
