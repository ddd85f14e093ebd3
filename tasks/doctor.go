package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/preflight"
	"github.com/cleanreach/cleanreach/internal/storage"
)

const doctorUsage = `usage: cleanreach doctor [-json] <definition> ...

Asks Meta everything that it would refuse later, for each audience definition: a file, or its s3:// URL in the
work bucket. A run's preflight asks the same by the same code. Nothing is created or changed, at Meta or elsewhere.

Each line is ok, warn or fail, with what to do and the page where it is done. The access token is taken from
CLEANREACH_META_TOKEN (and CLEANREACH_META_APP_SECRET, if the app demands proofs), else from the secret that the
definition names, with the AWS credentials of this machine. A deployment's secrets
are read by its tasks and by nobody else: for those, set the variable.

The exit code is that of the worst finding
  0  all is well, or there are warnings only
  1  Meta, AWS or the network does not answer: try again
  2  a definition is wrong
  4  Meta refuses, and a person must act: token, permission, terms
  5  Meta's limits are used up, or it is at work on the audience: try again later

examples
  cleanreach doctor my-audience.json
  cleanreach doctor s3://cleanreach-work-123456789012-us-east-1/audiences/acme/vip.json
  cleanreach doctor -json audiences/*.json | jq '.definitions[].checks[] | select(.status == "fail")'

flags
`

// A doctor is the subcommand of that name.
type doctor struct {
	now   func() time.Time
	sleep func(context.Context, time.Duration) error // the default waits
}

// A diagnosis is what was found about one definition.
type diagnosis struct {
	Definition string           `json:"definition"` // as it was asked for
	Tenant     string           `json:"tenant,omitempty"`
	Audience   string           `json:"audience,omitempty"`
	AdAccount  string           `json:"ad_account,omitempty"`
	Mode       string           `json:"mode,omitempty"`
	ExitCode   int              `json:"exit_code"`
	Class      string           `json:"class,omitempty"`   // of the worst failure; empty when nothing failed
	Runbook    string           `json:"runbook,omitempty"` // what to read about it
	Checks     []audience.Check `json:"checks"`
}

// The checks that precede those of Meta.
const (
	checkDefinition  = "definition"
	checkCredentials = "credentials"
)

// Doctor waits less than a stage: somebody sits in front of it.
const (
	doctorPatience = 30 * time.Second // for Meta's limits
	doctorAttempts = 3                // of each call
)

func (d doctor) run(ctx context.Context, c call) error {
	names, asJSON, err := doctorOptions(c)
	if err != nil {
		return err
	}
	all := make([]diagnosis, 0, len(names))
	for _, name := range names {
		found := d.examine(ctx, c.env, name)
		if ctx.Err() != nil { // what failed then says nothing about Meta
			return audience.Failf(audience.Transient, "it was stopped before it was through")
		}
		if all = append(all, found); !asJSON {
			found.print(c.stdout)
		}
	}
	if asJSON {
		err = writeJSON(c.stdout, all)
	}
	return errors.Join(verdict(all), err)
}

func doctorOptions(c call) (names []string, asJSON bool, err error) {
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	flags.BoolVar(&asJSON, "json", false, "print one JSON document in place of text")
	if err := parseFlags(flags, c, doctorUsage); err != nil {
		return nil, false, err
	}
	if flags.NArg() == 0 {
		return nil, false, audience.Failf(audience.Invalid, "name an audience definition: cleanreach doctor my-audience.json")
	}
	return flags.Args(), asJSON, nil
}

// examine makes all checks of one definition.
func (d doctor) examine(ctx context.Context, e env, name string) diagnosis {
	found := diagnosis{Definition: name, Checks: []audience.Check{}}
	def, err := readDefinition(ctx, name)
	if err != nil {
		found.fail(checkDefinition, err)
		return found
	}
	found.Tenant, found.Audience, found.AdAccount, found.Mode = def.Tenant, def.Name, def.Meta.AdAccount, def.Meta.Mode
	found.ok(checkDefinition, "it is valid")
	client, api, err := dial(ctx, e, def, meta.Policy{Attempts: doctorAttempts, Budget: meta.NewBudget(doctorPatience, nil), Sleep: d.sleep})
	if err != nil {
		found.fail(checkCredentials, err)
		return found
	}
	defer client.Close()
	found.ok(checkCredentials, "an access token was found")
	findings := preflight.Check(ctx, preflight.Question{Definition: def, Meta: api, Now: d.now()})
	found.Checks = append(found.Checks, findings.Checks...)
	if err := findings.Err(); err != nil {
		found.failed(err)
	}
	return found
}

func (d *diagnosis) ok(check, detail string) {
	d.Checks = append(d.Checks, audience.Check{Name: check, Status: audience.CheckOK, Detail: detail})
}

func (d *diagnosis) fail(check string, err error) {
	next := audience.NextOf(err)
	d.Checks = append(d.Checks, audience.Check{Name: check, Status: audience.CheckFail, Detail: strings.TrimSuffix(err.Error(), ": "+next), Fix: next})
	d.failed(err)
}

func (d *diagnosis) failed(err error) {
	class := audience.ClassOf(err)
	d.ExitCode, d.Class, d.Runbook = int(class), class.String(), audience.RunbookOf(err)
}

// readDefinition reads and checks a definition from a file or an s3:// URL.
func readDefinition(ctx context.Context, name string) (*audience.Definition, error) {
	read := func() ([]byte, error) {
		data, err := os.ReadFile(name) //nolint:gosec // the operator names it
		return data, audience.Fail(audience.Invalid, "", err)
	}
	u, err := url.Parse(name)
	if err == nil && u.Scheme == "s3" {
		read = func() ([]byte, error) { return readObject(ctx, *u) }
	}
	data, err := read()
	if err != nil {
		return nil, err
	}
	def, err := audience.ParseDefinition(data)
	if err != nil {
		return nil, audience.Fail(audience.Invalid, "correct it; cleanreach schema prints what it may hold", err)
	}
	if key := "audiences/" + def.Tenant + "/" + def.Name + ".json"; u != nil && u.Scheme == "s3" && strings.TrimPrefix(u.Path, "/") != key {
		return nil, audience.Failf(audience.Invalid, "by its tenant and name it must be %s in the work bucket, where runs look for it", key)
	}
	return &def, nil
}

// readObject reads an object of a bucket, and nothing else of it.
func readObject(ctx context.Context, u url.URL) (data []byte, err error) {
	dir, key := path.Split(u.Path)
	u.Path = dir
	folder, err := storage.Open(ctx, u.String())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	return folder.Read(ctx, key)
}

// verdict is the failure of the worst class, or nil.
func verdict(all []diagnosis) error {
	worst, bad := audience.Class(0), 0
	for _, d := range all {
		if d.ExitCode != 0 {
			bad++
		}
		worst = preflight.Worse(worst, audience.Class(d.ExitCode))
	}
	if bad == 0 {
		return nil
	}
	return audience.Failf(worst, "%d of %d definitions would end a run", bad, len(all))
}

func writeJSON(w io.Writer, all []diagnosis) error {
	code := 0
	var failure *audience.Failure
	if errors.As(verdict(all), &failure) {
		code = int(failure.Class)
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(struct {
		Schema      int         `json:"schema"`
		ExitCode    int         `json:"exit_code"`
		Definitions []diagnosis `json:"definitions"`
	}{audience.DocumentVersion, code, all})
}
