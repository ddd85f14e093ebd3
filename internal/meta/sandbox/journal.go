package sandbox

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
)

// A journal is a file of records that only grows. A record is written in one piece before its request is answered, so a
// sandbox that is killed has all that it acknowledged; a record that was cut off is dropped when the journal is opened.
// What a loss of power does is not its concern: it does not wait for the disk.
//
// A record is a line of JSON, {"bytes":…,"sum":…,"head":{…}}, and behind it that many bytes, the block.
type journal struct {
	file   *os.File // nil: in memory
	memory []byte
	size   int64
	buffer []byte
}

type frame struct {
	Bytes int             `json:"bytes"`
	Sum   uint32          `json:"sum"` // CRC-32 of head and block
	Head  json.RawMessage `json:"head"`
}

// openJournal opens a journal, gives every record to replay, and is ready to append. Without a path it is in memory.
func openJournal(path string, replay func(head, block []byte) error) (*journal, error) {
	j := &journal{}
	if path == "" {
		return j, nil
	}
	file, err := os.OpenFile(filepath.Clean(path), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return j, err
	}
	j.file = file
	info, err := file.Stat()
	if err != nil {
		return j, err
	}
	j.size = info.Size()
	valid, err := j.each(replay)
	if err != nil {
		return j, err
	}
	j.size = valid
	return j, file.Truncate(valid)
}

// each gives the records in order; head and block hold until replay returns. It gives the length of the valid records: what
// follows was cut off.
func (j *journal) each(replay func(head, block []byte) error) (int64, error) {
	var source io.ReaderAt = bytes.NewReader(j.memory)
	if j.file != nil {
		source = j.file
	}
	reader := bufio.NewReaderSize(io.NewSectionReader(source, 0, j.size), 1<<20)
	var valid int64
	var block []byte
	for {
		line, err := reader.ReadBytes('\n')
		var f frame
		if err != nil || json.Unmarshal(line, &f) != nil || f.Bytes < 0 || f.Bytes > bodyLimit {
			return valid, unlessCut(err)
		}
		block = grow(block, f.Bytes)
		if _, err := io.ReadFull(reader, block); err != nil || checksum(f.Head, block) != f.Sum {
			return valid, unlessCut(err)
		}
		if err := replay(f.Head, block); err != nil {
			return valid, err
		}
		valid += int64(len(line) + len(block))
	}
}

// unlessCut tells a record that was cut off, which is expected, from a disk that cannot be read.
func unlessCut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

func checksum(head, block []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE(head), crc32.IEEETable, block)
}

// append writes a record. When it fails the journal is as it was.
func (j *journal) append(head any, block []byte) error {
	encoded, err := json.Marshal(head)
	if err != nil {
		return errors.New("a journal record cannot be encoded")
	}
	line, err := json.Marshal(frame{Bytes: len(block), Sum: checksum(encoded, block), Head: encoded})
	if err != nil {
		return errors.New("a journal record cannot be encoded")
	}
	j.buffer = append(append(append(j.buffer[:0], line...), '\n'), block...)
	if j.file == nil {
		j.memory = append(j.memory, j.buffer...)
	} else if _, err := j.file.WriteAt(j.buffer, j.size); err != nil {
		return errors.Join(err, j.file.Truncate(j.size))
	}
	j.size += int64(len(j.buffer))
	return nil
}

func (j *journal) close() error {
	if j == nil || j.file == nil {
		return nil
	}
	return j.file.Close()
}
