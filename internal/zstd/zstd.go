// Package zstd reads and writes the compression of RFC 8878, in which archived
// transcripts come and in which a history keeps days that are over. It is the
// one place that says how much memory foreign data may ask for.
package zstd

import (
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxWindow bounds the memory that a stream can ask for, in bytes. The program
// zstd itself refuses more unless it is told to take it.
const maxWindow = 64 << 20

// NewReader returns what r unpacks to. It has no limit: who reads from it must
// have one.
func NewReader(r io.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// Pack returns data compressed. The same data gives the same bytes.
func Pack(data []byte) ([]byte, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	defer e.Close()
	return e.EncodeAll(data, nil), nil
}
