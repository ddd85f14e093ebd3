package prepare

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"

	"github.com/cleanreach/cleanreach/internal/audience"
)

// How Glue says that files are Parquet. Clean Rooms, Athena and Spark know tables by these class names.
const (
	parquetInput  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
	parquetOutput = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
	parquetSerde  = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"

	externalTable = "EXTERNAL_TABLE"
	// glueRun is the parameter of a table that names the run which switched it.
	glueRun = "cleanreach_run"
)

// glueTables are the calls of Glue that a switch makes.
type glueTables interface {
	GetTable(context.Context, *glue.GetTableInput, ...func(*glue.Options)) (*glue.GetTableOutput, error)
	CreateTable(context.Context, *glue.CreateTableInput, ...func(*glue.Options)) (*glue.CreateTableOutput, error)
	UpdateTable(context.Context, *glue.UpdateTableInput, ...func(*glue.Options)) (*glue.UpdateTableOutput, error)
}

// GlueCatalog is a database of the AWS Glue Data Catalog, which Clean Rooms reads.
//
// What a table's files are is this catalog's: location, columns, format, partitions, and the parameters that say so. All
// else, such as a description, an owner or the parameters of others, stays as Terraform or a person has put it.
type GlueCatalog struct {
	database string
	tables   glueTables
}

// NewGlueCatalog is the catalog of a database of that name.
func NewGlueCatalog(cfg aws.Config, database string) GlueCatalog {
	return GlueCatalog{database: database, tables: glue.NewFromConfig(cfg)}
}

// Switch updates the table at the version that was read, so that nothing which others change meanwhile is lost.
func (c GlueCatalog) Switch(ctx context.Context, to audience.CatalogTable) error {
	const races = 50 // each lost race means that somebody else made progress
	for range races {
		done, err := c.try(ctx, to)
		if err != nil {
			return explainGlue(fmt.Errorf("switch table %s of Glue's database %s: %w", to.Name, c.database, err))
		}
		if done {
			return nil
		}
	}
	return audience.Failf(audience.Transient, "switch table %s of Glue's database %s: others changed it %d times meanwhile", to.Name, c.database, races)
}

// try reports false when somebody else was faster.
func (c GlueCatalog) try(ctx context.Context, to audience.CatalogTable) (done bool, err error) {
	found, err := c.tables.GetTable(ctx, &glue.GetTableInput{DatabaseName: &c.database, Name: &to.Name})
	if glueCode(err) == "EntityNotFoundException" { // the table, or the database: then creating says so too
		_, err = c.tables.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: &c.database, TableInput: pointed(types.TableInput{Name: &to.Name}, to)})
		return settled(err, "AlreadyExistsException")
	}
	if err != nil {
		return false, err
	}
	if err := checkReplaceable(found.Table); err != nil {
		return false, err
	}
	old := inputOf(found.Table)
	wanted := pointed(old, to)
	if reflect.DeepEqual(&old, wanted) {
		return true, nil
	}
	_, err = c.tables.UpdateTable(ctx, &glue.UpdateTableInput{
		DatabaseName: &c.database, TableInput: wanted, VersionId: found.Table.VersionId,
		SkipArchive: aws.Bool(true), // a version a run would reach the account's limit one day
	})
	return settled(err, "ConcurrentModificationException")
}

// settled takes the error of a lost race for no error, but for not done.
func settled(err error, lost string) (done bool, _ error) {
	if glueCode(err) == lost {
		return false, nil
	}
	return err == nil, err
}

// checkReplaceable refuses what is no table of files: it is not ours, whoever gave it this name.
func checkReplaceable(t *types.Table) error {
	kind := aws.ToString(t.TableType)
	switch {
	case t.TargetTable != nil:
		kind = "resource link"
	case t.Parameters["table_type"] != "":
		kind = t.Parameters["table_type"] + " table"
	case kind == "" || kind == externalTable:
		return nil
	}
	return audience.Fail(audience.Invalid, "remove or rename it, and start the run again", fmt.Errorf("there is a %s of that name, not a table of Parquet files", kind))
}

// inputOf is a table as UpdateTable takes it. What is not in an update is gone afterwards.
func inputOf(t *types.Table) types.TableInput {
	return types.TableInput{
		Name: t.Name, Description: t.Description, Owner: t.Owner, Retention: t.Retention, LastAccessTime: t.LastAccessTime,
		LastAnalyzedTime: t.LastAnalyzedTime, TableType: t.TableType, Parameters: t.Parameters,
		PartitionKeys: t.PartitionKeys, StorageDescriptor: t.StorageDescriptor,
	}
}

// pointed is a table with what lies at a location as its content.
func pointed(t types.TableInput, to audience.CatalogTable) *types.TableInput {
	t.TableType = aws.String(externalTable)
	t.Parameters = maps.Clone(t.Parameters)
	if t.Parameters == nil {
		t.Parameters = map[string]string{}
	}
	maps.Copy(t.Parameters, map[string]string{"EXTERNAL": "TRUE", "classification": "parquet", glueRun: to.Run})
	if len(t.PartitionKeys) > 0 { // a partitioned table has no rows but those of its partitions
		t.PartitionKeys = nil
	}
	t.StorageDescriptor = &types.StorageDescriptor{
		Location: &to.Location, Columns: glueColumns(t.StorageDescriptor, to.Columns),
		InputFormat: aws.String(parquetInput), OutputFormat: aws.String(parquetOutput),
		SerdeInfo: &types.SerDeInfo{
			SerializationLibrary: aws.String(parquetSerde), Parameters: map[string]string{"serialization.format": "1"},
		},
	}
	return &t
}

// glueColumns keeps the comments of columns that were there before.
func glueColumns(old *types.StorageDescriptor, columns []audience.CatalogColumn) []types.Column {
	comments := map[string]*string{}
	if old != nil {
		for _, c := range old.Columns {
			comments[aws.ToString(c.Name)] = c.Comment
		}
	}
	all := make([]types.Column, len(columns))
	for i, c := range columns {
		all[i] = types.Column{Name: aws.String(c.Name), Type: aws.String(c.Type), Comment: comments[c.Name]}
	}
	return all
}

func glueCode(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// explainGlue says who can do something about an error. What is not in the list is transient, throttling among it: the SDK
// has tried again by then, and another task may have more luck.
func explainGlue(err error) error {
	advice, known := map[string]string{
		"AccessDeniedException":                "let this task's role read and update the table (glue:GetTable and glue:UpdateTable; glue:CreateTable when it does not exist), in Lake Formation too if that governs the database",
		"EntityNotFoundException":              "create the database, or name another in CLEANREACH_CATALOG",
		"GlueEncryptionException":              "let this task's role use the key that encrypts the account's Data Catalog",
		"InvalidInputException":                "Glue refuses the table's name, location or columns: check the definition's column names",
		"ResourceNumberLimitExceededException": "remove tables of the account's Data Catalog, or have its quota raised",
	}[glueCode(err)]
	if known {
		return audience.Fail(audience.Invalid, advice, err)
	}
	return err
}
