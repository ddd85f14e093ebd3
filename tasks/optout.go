package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cleanreach/cleanreach/internal/audience"
	"github.com/cleanreach/cleanreach/internal/meta"
	"github.com/cleanreach/cleanreach/internal/optout"
	"github.com/cleanreach/cleanreach/internal/preflight"
	"github.com/cleanreach/cleanreach/internal/storage"
	"github.com/cleanreach/cleanreach/internal/suppression"
	"github.com/cleanreach/cleanreach/internal/telemetry"
)

const optoutUsage = `usage: cleanreach optout [-all-audiences] [-columns …] <definition> <people>
       cleanreach optout -revoke [-columns …] <definition> <people>
       cleanreach optout -list <definition>

Puts people onto the suppression list of the definition's tenant, which holds hashes only and which every run of every
audience leaves out from then on, and then removes them from the definition's audience at Meta; with -all-audiences,
from all customer-file audiences of its ad account. -revoke takes people off the list, because they consent again; at
Meta it does nothing. Each may be done again: what is done already is done no harm. docs/opt-out.md has the rest.

  definition  of an audience, where runs find it: s3://<work bucket>/audiences/<tenant>/<audience>.json, or on a laptop
              out/audiences/<tenant>/<audience>.json
  people      a file, or a folder of files, as path or s3:// URL: CSV with a header, JSON Lines or Parquet. The columns
              email, phone, extern_id and madid are read, email_sha256 and phone_sha256 too, and country for phones

The access token is taken from CLEANREACH_META_TOKEN (and CLEANREACH_META_APP_SECRET, if the app demands proofs), else
from the secret that the definition names, with the AWS credentials of this machine. A deployment's secrets
are read by its tasks and by nobody else: for those, set the variable.

exit codes
  0  done
  1  it was interrupted, or something does not answer: start it again
  2  the call is wrong; nothing was changed, unless it says so
  3  rows of the file name nobody; the others are done
  4  Meta refuses and a person must act; the people are suppressed
  5  throttled for longer than it may wait: start it again later; the people are suppressed

examples
  cleanreach optout s3://cleanreach-work-123456789012-us-east-1/audiences/acme/vip.json opted-out.csv
  cleanreach optout -all-audiences -columns EMAIL=Mail,PHONE=Mobile out/audiences/acme/vip.json opted-out.csv
  cleanreach optout -list out/audiences/acme/vip.json

flags
`

// optoutOptions are what the command line says.
type optoutOptions struct {
	definition, people string
	columns            map[audience.Key]string
	all, list, revoke  bool
}

// optoutCommand is the doorway of package optout. A panic is an error of ours: Go's own words for it could hold data.
func optoutCommand(ctx context.Context, c call) (err error) {
	log := telemetry.NewLog(c.stderr, true, slog.LevelInfo)
	defer func() {
		if p := recover(); p != nil {
			log.Error("panic", "stack", telemetry.PanicPlace())
			err = audience.Failf(audience.Transient, "it has a fault and panicked; the lines above say where: start it again")
		}
	}()
	o, err := parseOptout(c)
	if err != nil {
		return err
	}
	def, work, err := openDeployed(ctx, o.definition)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, work.Close()) }()
	if o.list {
		return listOptouts(ctx, c.stdout, work, def.Tenant)
	}
	people, err := peopleURL(o.people)
	if err != nil {
		return err
	}
	deps := optout.Deps{
		Tenant: def.Tenant, Work: work, Now: time.Now, Log: log,
		People: optout.People{URL: people, Columns: o.columns, DefaultCountry: def.Source.DefaultCountry},
	}
	if o.revoke {
		receipt, err := optout.Revoke(ctx, deps)
		printOptout(c.stdout, receipt, err)
		return err
	}
	client, api, err := dial(ctx, c.env, def, meta.Policy{Budget: meta.NewBudget(0, nil), Log: log})
	if err != nil {
		return err
	}
	defer client.Close()
	deps.Remove = removerOf(def, api, o.all)
	receipt, err := optout.Add(ctx, deps)
	printOptout(c.stdout, receipt, err)
	return err
}

func parseOptout(c call) (optoutOptions, error) {
	var o optoutOptions
	flags := flag.NewFlagSet("optout", flag.ContinueOnError)
	flags.BoolVar(&o.all, "all-audiences", false, "remove the people from all customer-file audiences of the definition's ad account")
	flags.BoolVar(&o.revoke, "revoke", false, "take the people off the list: they consent again")
	flags.BoolVar(&o.list, "list", false, "show what is on the list, in counts")
	columns := flags.String("columns", "", "the people's columns, if they are not named as the keys are: EMAIL=Mail,PHONE=Mobile,COUNTRY=Land")
	switch err := parseFlags(flags, c, optoutUsage); {
	case errors.Is(err, errHelp):
		return o, err
	case err != nil: // it quotes what was typed
		return o, audience.Fail(audience.Invalid, seeHelp(flags), errors.New("the flags cannot be understood"))
	}
	want := 2
	if o.list {
		want = 1
	}
	if flags.NArg() != want || o.list && o.revoke || o.all && (o.list || o.revoke) {
		return o, audience.Failf(audience.Invalid, "it takes a definition and a file of people, -list only a definition, and one of -all-audiences, -revoke and -list at most: see cleanreach optout -help")
	}
	o.definition, o.people = flags.Arg(0), flags.Arg(1)
	var err error
	o.columns, err = parseColumns(*columns)
	return o, err
}

// parseColumns reads KEY=column,…; nothing gives nil.
func parseColumns(text string) (map[audience.Key]string, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no mapping is an answer
	}
	columns := map[audience.Key]string{}
	identifies := false
	for pair := range strings.SplitSeq(text, ",") {
		name, column, is := strings.Cut(pair, "=")
		key := audience.Key(strings.ToUpper(strings.TrimSpace(name)))
		if !is || column == "" || !optout.ReadsKey(key) || columns[key] != "" {
			return nil, audience.Failf(audience.Invalid, "-columns is such as EMAIL=Mail,PHONE=Mobile, with each key once, out of EMAIL, PHONE, EXTERN_ID, MADID and COUNTRY")
		}
		columns[key] = column
		identifies = identifies || key.Identifies()
	}
	if !identifies {
		return nil, audience.Failf(audience.Invalid, "-columns names no column by which somebody is found: EMAIL, PHONE, EXTERN_ID or MADID")
	}
	return columns, nil
}

// openDeployed reads a definition where runs find it, and opens the work bucket around it.
func openDeployed(ctx context.Context, name string) (*audience.Definition, *storage.Folder, error) {
	def, err := readDefinition(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	place := name
	if u, err := url.Parse(name); err != nil || u.Scheme != "s3" {
		if place, err = filepath.Abs(name); err != nil {
			return nil, nil, fmt.Errorf("find %s: %w", name, err)
		}
		place = storage.FileURL(place)
	}
	base, deployed := strings.CutSuffix(place, "/audiences/"+def.Tenant+"/"+def.Name+".json")
	if !deployed {
		return nil, nil, audience.Failf(audience.Invalid,
			"%s does not lie where runs find it, so that nobody can tell which list is meant: name the definition as s3://<work bucket>/audiences/%s/%s.json, or as out/audiences/%s/%s.json",
			name, def.Tenant, def.Name, def.Tenant, def.Name)
	}
	work, err := storage.Open(ctx, base+"/")
	return def, work, err
}

// peopleURL gives the URL of a file or folder on this machine; a URL stays.
func peopleURL(name string) (string, error) {
	if strings.Contains(name, "://") {
		return name, nil
	}
	absolute, err := filepath.Abs(name)
	if err != nil {
		return "", fmt.Errorf("find %s: %w", name, err)
	}
	if _, err := os.Stat(absolute); err != nil {
		return "", audience.Failf(audience.Invalid, "read the people of %s: there is no such file", name)
	}
	return storage.FileURL(absolute), nil
}

// removerOf finds out where the people are to be removed from. One audience is looked at as preflight does: whose it is, and
// whether Meta lets us change it.
func removerOf(def *audience.Definition, api meta.API, all bool) optout.Remover {
	return func(ctx context.Context) (optout.Place, error) {
		if all {
			return optout.FromAll(api, def.Meta.AdAccount), nil
		}
		found := preflight.Check(ctx, preflight.Question{Definition: def, Meta: api, Now: time.Now()})
		if err := found.Err(); err != nil || found.AudienceID == "" {
			return optout.Place{}, err
		}
		return optout.FromAudience(api, found.AudienceID), nil
	}
}

func listOptouts(ctx context.Context, w io.Writer, work *storage.Folder, tenant string) error {
	list := suppression.Open(work, tenant)
	files, err := list.Files(ctx)
	if err != nil {
		return err
	}
	set, err := list.Load(ctx)
	if err != nil {
		return err
	}
	open, err := optout.Unfinished(ctx, work, tenant)
	if err != nil {
		return err
	}
	printOptoutList(w, tenant, files, set.Counts(), open)
	return nil
}

// sortedKeys are the keys by which people are suppressed, as the list shows them.
var sortedKeys = slices.Sorted(slices.Values(suppression.Keys))
