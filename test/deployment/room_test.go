package deployment

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	_ "github.com/duckdb/duckdb-go/v2" // gives the partner's people a day
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/local"
	"github.com/cleanreach/cleanreach/internal/local/cleanroom"
)

// asCleanRooms is the access key of Clean Rooms, which reads tables with the tables' roles and writes results in the name of
// whoever started the query.
const asCleanRooms = "cleanrooms"

// glueCatalog is Glue as Clean Rooms asks it.
type glueCatalog struct {
	w        *world
	database string
}

// Table gives a table's location, with the rights of the table's role.
func (g glueCatalog) Table(ctx context.Context, name string) (audience.CatalogTable, error) {
	client := glue.NewFromConfig(configFor(g.w.front.url, asRole+tableRole(name)))
	out, err := client.GetTable(ctx, &glue.GetTableInput{DatabaseName: &g.database, Name: &name})
	var missing *types.EntityNotFoundException
	if errors.As(err, &missing) {
		return audience.CatalogTable{}, fs.ErrNotExist
	}
	if err != nil {
		return audience.CatalogTable{}, err
	}
	return audience.CatalogTable{Schema: audience.DocumentVersion, Name: name, Location: aws.ToString(out.Table.StorageDescriptor.Location)}, nil
}

func tableRole(table string) string { return prefix + "-table-" + strings.ReplaceAll(table, "_", "-") }

var runsOf = regexp.MustCompile(`/runs/([^/]+)/([^/]+)/`)

// forCleanRooms gives a call of Clean Rooms to the role that it makes it with.
func forCleanRooms(call apiCall) apiCall {
	if call.action == "s3:PutObject" {
		call.role, call.context = prefix+"-state-machine", throughCleanRooms
		return call
	}
	key := call.resource
	for _, p := range call.context["s3:prefix"] {
		key += "/" + p
	}
	if found := runsOf.FindStringSubmatch(key); found != nil {
		call.role = tableRole(audience.TableName(found[1], found[2]))
	}
	return call
}

// openRoom opens a clean room with the deployed membership, our tables in Glue and the partner's on this machine, and writes
// it down for the runner of one machine too.
func (w *world) openRoom(dir string, membership, template string) (roomFile string) {
	w.t.Helper()
	partner := filepath.Join(dir, "partner", "members.parquet")
	dated := filepath.Join(dir, "partner", "dated.parquet")
	db, err := sql.Open("duckdb", "")
	require.NoError(w.t, err)
	_, err = db.ExecContext(w.t.Context(), fmt.Sprintf(`COPY (SELECT *, DATE '2025-06-01' + (hash(email_sha256) %% 400)::INT AS member_since FROM '%s') TO '%s'`, partner, dated))
	require.NoError(w.t, err)
	require.NoError(w.t, db.Close())
	text, err := os.ReadFile(filepath.Join(repository, example, "members_since.sql"))
	require.NoError(w.t, err)

	ours := map[string]any{"type": "CUSTOM", "allowed_analyses": []string{"ANY_QUERY"}, "allowed_analysis_providers": []string{account}}
	document, err := json.Marshal(map[string]any{
		"collaboration_id": w.collaboration, "runner": "acme",
		"members": []map[string]string{
			{"name": "acme", "account_id": account, "membership_id": membership},
			{"name": "partner", "account_id": partnerAccount, "membership_id": "5a9e3d70-1c2f-4b86-b7e4-9f8d0a6c3b03"},
		},
		"tables": []map[string]any{
			{"name": "loyal", "owner": "acme", "catalog": "acme_loyal", "columns": []string{"extern_id", "email", "email_sha256", "phone", "country"}, "analysis_rule": ours},
			{"name": "lapsed", "owner": "acme", "catalog": "acme_lapsed", "columns": []string{"extern_id", "email", "email_sha256"}, "analysis_rule": ours},
			{
				"name": "members", "owner": "partner", "path": dated, "columns": []string{"email_sha256", "member_since"},
				"analysis_rule": map[string]any{"type": "CUSTOM", "allowed_analyses": []string{template}},
			},
		},
		"templates": []map[string]any{{"arn": template, "sql": string(text), "parameters": []map[string]string{{"name": "since", "type": "DATE"}}}},
	})
	require.NoError(w.t, err)
	roomFile = filepath.Join(dir, "room.json")
	require.NoError(w.t, os.WriteFile(roomFile, document, 0o600))
	file, err := cleanroom.LoadRoom(roomFile)
	require.NoError(w.t, err)
	room, err := cleanroom.New(file, cleanroom.Config{
		TempDir: w.t.TempDir(), Catalog: glueCatalog{w, database},
		Bucket: func(name string) (string, error) { return "s3://" + name, nil },
	})
	require.NoError(w.t, err)
	w.t.Cleanup(func() { assert.NoError(w.t, room.Shutdown(context.WithoutCancel(w.t.Context()))) })
	w.room = local.NewRoom(room)
	return roomFile
}
