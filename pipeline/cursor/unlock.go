package cursor

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
)

const (
	selectID    = `SELECT id FROM identity`
	insertID    = `INSERT INTO identity (one, id) VALUES (1, ?)`
	selectProof = `SELECT proof FROM seal`
	upsertProof = `INSERT INTO seal (one, proof) VALUES (1, ?)
ON CONFLICT (one) DO UPDATE SET proof = excluded.proof`
	anySealed = `SELECT EXISTS (SELECT 1 FROM body)`
)

// unlock learns the file's identity and makes sure that the key is the one its
// bodies are encrypted with. A file that has no identity or no key is given them,
// and one without bodies takes any key: there is nothing in it to be read.
func (s *Spool) unlock(ctx context.Context, key []byte) error {
	err := s.transact(ctx, func(ctx context.Context, tx *sql.Tx) error {
		known, err := s.proofIn(ctx, tx)
		if err != nil {
			return err
		}
		if err := s.identify(ctx, tx, known != nil); err != nil {
			return err
		}
		own, err := newSealer(key, s.id)
		if err != nil {
			return err
		}
		s.vault = own
		proof, err := own.proof()
		if err != nil || subtle.ConstantTimeCompare(proof, known) == 1 {
			return err
		}
		if err := s.mayRekey(ctx, tx, known != nil); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, upsertProof, proof)
		return err
	})
	if err != nil {
		return s.fail("unlock", err)
	}
	return nil
}

// proofIn returns the proof of the key that is in the file, nil if there is none.
func (s *Spool) proofIn(ctx context.Context, tx *sql.Tx) (proof []byte, err error) {
	err = tx.QueryRowContext(ctx, selectProof).Scan(&proof)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return proof, err
}

// identify reads the file's identity and gives it one where it has none. A file
// that has a key and no identity has lost it.
func (s *Spool) identify(ctx context.Context, tx *sql.Tx, keyed bool) error {
	err := tx.QueryRowContext(ctx, selectID).Scan(&s.id)
	if errors.Is(err, sql.ErrNoRows) && !keyed {
		s.id = rand.Text()
		_, err = tx.ExecContext(ctx, insertID, s.id)
		return err
	}
	if errors.Is(err, sql.ErrNoRows) || err == nil && s.id == "" {
		return s.corrupt("its identity is empty")
	}
	return err
}

// mayRekey returns an error if bodies are encrypted with another key.
func (s *Spool) mayRekey(ctx context.Context, tx *sql.Tx, keyed bool) error {
	var sealed bool
	if err := tx.QueryRowContext(ctx, anySealed).Scan(&sealed); err != nil {
		return err
	}
	switch {
	case sealed && !keyed:
		return s.corrupt("it does not tell the key of its bodies")
	case sealed:
		return &Error{Database: s.of, Path: s.path, Kind: Sealed, Err: errors.New("is encrypted with another key")}
	case keyed:
		s.logger.Info("the spool is empty and takes the key that is new", "path", s.path)
	}
	return nil
}

func (s *Spool) corrupt(what string) error {
	return &Error{Database: s.of, Path: s.path, Kind: Corrupt, Err: errors.New(what)}
}

func checkKey(key []byte) error {
	switch len(key) {
	case KeyBytes:
		return nil
	case 0:
		return errors.New("open spool: no key")
	default:
		return fmt.Errorf("open spool: a key of %d bytes, %d are needed", len(key), KeyBytes)
	}
}
