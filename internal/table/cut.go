package table

import (
	"fmt"
	"io"
)

const (
	// blockBytes is the size of text at which a block ends early.
	blockBytes = 4 << 20
	// stretchBytes is about what is split at a time: it, and what is noted of it, stay in the processor's near memory.
	stretchBytes = 32 << 10
)

// A Block is a batch whose rows may still be text. Reader.Next fills it, and Split puts its rows into columns, which another
// goroutine may do while the reader goes on: so one file is read on all cores.
type Block struct {
	Batch
	text      []byte // each line with its end, and slack behind
	stretches []stretch
	first     int64 // the number of the first row in the file
	rows      int   // good and bad
	format    textFormat
	absent    []string
}

// A stretch is some whole records of a block's text or, with a reason, one line that is none.
type stretch struct {
	end    int // it begins where the one before ends
	reason string
}

// A textFormat splits a block's text. It is safe for concurrent use.
type textFormat interface{ split(b *Block) }

// Count is how many rows the block has, good and bad, split or not.
func (b *Block) Count() int { return b.rows }

// Split puts the rows into the batch's columns, and those that are none into Bad. It does nothing the second time.
func (b *Block) Split() {
	if b.format != nil {
		b.format.split(b)
		b.format = nil
	}
}

// read fills a batch with the rows of the next block.
func (b *Block) read(r interface{ Next(*Block) error }, batch *Batch) error {
	b.Batch = *batch
	b.Reset()
	err := r.Next(b)
	if err == nil {
		b.Split()
	}
	*batch, b.Batch = b.Batch, Batch{}
	return err
}

// splitEach puts the rows of each stretch into the batch, which good does of those that are records: it is told the number of
// the first, and gives that of the row behind them.
func (b *Block) splitEach(good func(text []byte, row int64) int64) {
	row, begin := b.first, 0
	for _, stretch := range b.stretches {
		if stretch.reason != "" {
			b.Bad = append(b.Bad, BadRow{Row: row, Reason: stretch.reason})
			row++
		} else {
			row = good(b.text[begin:stretch.end], row)
		}
		begin = stretch.end
	}
	b.check(row)
}

// check makes sure that the row before next was the block's last: else all rows that follow were called by others' numbers.
func (b *Block) check(next int64) {
	if next != b.first+int64(b.rows) {
		panic(fmt.Sprintf("a block of %d rows came to %d", b.rows, next-b.first))
	}
}

// Absent gives the wanted columns that no row had of the block that was split. See Reader.Absent.
func (b *Block) Absent() []string { return b.absent }

// A cutter cuts a text into blocks of whole records. It looks for where they end and leaves the rest to whoever splits them.
type cutter struct {
	window *window
	border func(data []byte, last bool) (length int, result outcome) // see dialect.border
	end    byte                                                      // of a line
	most   int                                                       // rows of a block
	size   int                                                       // of text at which a block ends
	near   int                                                       // of text that is split at a time
	row    int64                                                     // the number of the last row
}

// next fills a block, or gives io.EOF. After a bad quote, an unclosed one or a row that is too long it goes on at the end of
// the line on which the bad record began: so one wrong quote costs one line, not all that follow.
func (c *cutter) next(b *Block) error {
	b.stretches, b.absent, b.first, b.rows = b.stretches[:0], b.absent[:0], c.row+1, 0
	begin, at := 0, 0 // of the current stretch, and of the next record
	for b.rows < c.most && at < c.size {
		length, result, reason, err := c.record(at)
		if err != nil {
			return err
		}
		if result == ended {
			break
		}
		if result == blank && b.rows == 0 { // there may be a gigabyte of them
			c.window.start += length
			continue
		}
		if reason != "" {
			b.close(begin, at)
			if length, err = c.window.skipLine(at, c.end); err != nil {
				return err
			}
			begin = at + length
			b.stretches = append(b.stretches, stretch{begin, reason})
		}
		at += length
		if result != blank {
			b.rows++
		}
		if at-begin >= c.near {
			b.close(begin, at)
			begin = at
		}
	}
	b.close(begin, at)
	if b.rows == 0 {
		return io.EOF
	}
	c.row += int64(b.rows)
	c.take(b, at)
	return nil
}

// close ends a stretch of records.
func (b *Block) close(begin, at int) {
	if at > begin {
		b.stretches = append(b.stretches, stretch{end: at})
	}
}

// record looks for the end of the record that begins at a place of the window, or says why it is none.
func (c *cutter) record(at int) (length int, result outcome, reason string, err error) {
	for {
		data, last := c.window.rest()[at:], c.window.ended
		switch {
		case len(data) == 0 && last:
			return 0, ended, "", nil
		case len(data) >= c.window.limit:
			data, last = data[:c.window.limit], false
		}
		length, result = c.border(data, last)
		switch {
		case result == badQuote:
			return 0, result, BadQuote, nil
		case result != cutOff:
			return length, result, "", nil
		case last:
			return 0, result, UnclosedQuote, nil
		}
		full, err := c.window.more(at)
		if err != nil {
			return 0, result, "", err
		}
		if full {
			return 0, result, RowTooLong, nil
		}
	}
}

// take moves the text up to a place from the window into the block. The file's last line may lack its end.
func (c *cutter) take(b *Block, at int) {
	b.text = c.window.take(at, b.text)
	if at > 0 && b.text[at-1] != c.end {
		b.text = append(b.text, c.end)
		b.stretches[len(b.stretches)-1].end++
	}
}
