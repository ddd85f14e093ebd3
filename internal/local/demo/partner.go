package demo

import (
	"context"
	"os"

	"github.com/parquet-go/parquet-go"
)

// A member of the partner's loyalty programme: hashes, made on the partner's side, and what the partner knows of them.
type member struct {
	Email string `parquet:"email_sha256,zstd"`
	Phone string `parquet:"phone_sha256,zstd"`
	Tier  string `parquet:"tier,dict,zstd"`
}

// writePartner lists two customers of five and, for each of them, one person whom the company does not know.
func writePartner(ctx context.Context, path string, options Options, p *people) error {
	f, err := os.Create(path) //nolint:gosec // in the demo's own folder
	if err != nil {
		return err
	}
	const rowGroup = 100_000
	w := parquet.NewGenericWriter[member](f, parquet.MaxRowsPerRowGroup(rowGroup))
	batch := make([]member, 0, 1000)
	for i := range options.Rows {
		if ctx.Err() != nil {
			break
		}
		r := random(p.seed, "partner", i)
		if r.IntN(5) < 2 {
			batch = append(batch, memberOf(p.person("customer", i), pick(r, tiers)), memberOf(p.person("stranger", i), pick(r, tiers)))
		}
		if len(batch) >= 998 || i == options.Rows-1 {
			if _, err := w.Write(batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return firstOf(w.Close(), f.Close(), ctx.Err())
}

var tiers = []string{"blue", "silver", "gold"}

func memberOf(who *person, tier string) member {
	return member{Email: hashed(who.email), Phone: hashed(who.phone), Tier: tier}
}
