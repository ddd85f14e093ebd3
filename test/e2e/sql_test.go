package e2e

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/duckdb/duckdb-go/v2" // the independent computation
	"github.com/stretchr/testify/require"
)

// query runs SQL in a DuckDB of its own and gives each row as one text, its values joined by |.
func query(t *testing.T, text string) []string {
	t.Helper()
	db, err := sql.Open("duckdb", "")
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	rows, err := db.QueryContext(t.Context(), text)
	require.NoError(t, err)
	defer func() { require.NoError(t, rows.Close()) }()
	columns, err := rows.Columns()
	require.NoError(t, err)
	var all []string
	for rows.Next() {
		values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		require.NoError(t, rows.Scan(into...))
		parts := make([]string, len(columns))
		for i, v := range values {
			parts[i] = v.String
		}
		all = append(all, strings.Join(parts, "|"))
	}
	require.NoError(t, rows.Err())
	return all
}

// demoSQL computes what must come of the demo's data, from the raw files and Meta's rules alone. It shares no line with
// the product, and knows of the demo only how its files are spelled.
func demoSQL(out, last string) string {
	at := func(name string) string { return "'" + filepath.Join(out, "demo", "*", name) + "'" }
	return strings.NewReplacer("US_FILE", at("customers/shop-us.csv"), "EU_FILE", at("customers/shop-eu.csv.gz"),
		"APP_FILE", at("customers/app.jsonl"), "PARTNER_FILE", at("partner/members.parquet")).Replace(demoTables) + last
}

const demoTables = `
WITH raw AS (
	SELECT * FROM read_csv(US_FILE, delim=',', header=true, all_varchar=true, null_padding=true, parallel=false, quote='"', escape='"', strict_mode=false)
	UNION ALL BY NAME
	SELECT * FROM read_csv(EU_FILE, delim=';', header=true, all_varchar=true, null_padding=true, parallel=false, quote='"', escape='"', strict_mode=false)
	UNION ALL BY NAME
	SELECT * FROM read_json(APP_FILE, format='newline_delimited', columns={
		customer_id: 'VARCHAR', "Email Address": 'VARCHAR', Mobile: 'VARCHAR', "First Name": 'VARCHAR', "Last Name": 'VARCHAR', City: 'VARCHAR',
		State: 'VARCHAR', ZIP: 'VARCHAR', Country: 'VARCHAR', Birthday: 'VARCHAR', Gender: 'VARCHAR', marketing_opt_in: 'VARCHAR',
		"Lifetime Value": 'VARCHAR', last_order: 'VARCHAR'})
),
typed AS (
	SELECT
		last_order IS NULL AS ragged,
		coalesce(lower(trim(marketing_opt_in)), '') IN ('yes', 'true', '1', 'y') AS consent,
		nullif(trim(customer_id), '') AS extern_id,
		lower(trim("Email Address")) AS mail,
		replace(Mobile, '(0)', '') AS mobile,
		CASE upper(trim(Country))
			WHEN 'US' THEN 'us' WHEN 'UNITED STATES' THEN 'us' WHEN 'USA' THEN 'us'
			WHEN 'GB' THEN 'gb' WHEN 'UNITED KINGDOM' THEN 'gb' WHEN 'UK' THEN 'gb'
			WHEN 'DE' THEN 'de' WHEN 'GERMANY' THEN 'de' WHEN 'DEU' THEN 'de'
			WHEN 'FR' THEN 'fr' WHEN 'FRANCE' THEN 'fr' WHEN 'FRA' THEN 'fr'
			WHEN 'BR' THEN 'br' WHEN 'BRAZIL' THEN 'br' WHEN 'BRA' THEN 'br' END AS country,
		nullif(regexp_replace(lower("First Name"), '[^\p{L}\p{M}]', '', 'g'), '') AS fn,
		nullif(regexp_replace(lower("Last Name"), '[^\p{L}\p{M}]', '', 'g'), '') AS ln,
		nullif(regexp_replace(strip_accents(lower(City)), '[^a-z]', '', 'g'), '') AS ct,
		nullif(lower(trim(State)), '') AS st,
		regexp_replace(lower(ZIP), '[^a-z0-9]', '', 'g') AS zip,
		coalesce(try_strptime(Birthday, '%Y-%m-%d'), try_strptime(Birthday, '%m/%d/%Y')) AS born,
		CASE lower(Gender) WHEN 'm' THEN 'm' WHEN 'male' THEN 'm' WHEN 'f' THEN 'f' WHEN 'female' THEN 'f' END AS gen
	FROM raw
),
canonical AS (
	SELECT * EXCLUDE (zip),
		CASE WHEN regexp_full_match(mail, '[a-z0-9.]+@[a-z.]+') AND mail <> 'test@test.com' THEN mail END AS email,
		CASE
			WHEN mobile IS NULL OR regexp_matches(mobile, '[a-z/]') OR mobile = '1234567890' THEN NULL
			WHEN length(regexp_replace(mobile, '[^0-9]', '', 'g')) < digits THEN NULL
			ELSE dial || right(regexp_replace(mobile, '[^0-9]', '', 'g'), digits)
		END AS phone,
		CASE WHEN country = 'us' THEN left(zip, 5) ELSE zip END AS zip
	FROM typed LEFT JOIN (VALUES ('us', '1', 10), ('gb', '44', 10), ('de', '49', 11), ('fr', '33', 9), ('br', '55', 11)) AS c (country, dial, digits) USING (country)
),
prepared AS (
	SELECT * FROM canonical WHERE NOT ragged AND consent AND coalesce(extern_id, email, phone, ln) IS NOT NULL
),
matched AS (
	SELECT DISTINCT extern_id, email, phone, fn, ln, ct, st, zip, country, born, gen
	FROM prepared INNER JOIN PARTNER_FILE AS partner ON sha256(email) = partner.email_sha256
)
`

// demoMembers is each member as KEY=what Meta is sent, in the order of the keys' names.
const demoMembers = `
SELECT DISTINCT concat_ws(' ',
	'COUNTRY=' || sha256(country), 'CT=' || sha256(ct), 'DOBD=' || sha256(strftime(born, '%d')), 'DOBM=' || sha256(strftime(born, '%m')),
	'DOBY=' || sha256(strftime(born, '%Y')), 'EMAIL=' || sha256(email), 'EXTERN_ID=' || extern_id, 'FN=' || sha256(fn), 'GEN=' || sha256(gen),
	'LN=' || sha256(ln), 'PHONE=' || sha256(phone), 'ST=' || sha256(st), 'ZIP=' || sha256(nullif(zip, '')))
FROM matched ORDER BY 1`

// demoRows are the report's rows.
const demoRows = `
SELECT
	(SELECT count(*) FROM typed),
	(SELECT count(*) FROM typed WHERE NOT ragged AND NOT consent),
	(SELECT count(*) FROM prepared),
	(SELECT count(*) FROM matched)`
