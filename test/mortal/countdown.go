package mortal

import "sync"

// A Countdown is the life of somebody who dies of a certain write or delete, either just before it or just behind it. Revive
// begins it.
type Countdown struct {
	mu     sync.Mutex
	left   int
	before bool
	dead   bool
}

// Revive begins another life, in which left things are done before the one that is the last. Below zero none is.
func (c *Countdown) Revive(left int, before bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left, c.before, c.dead = left, before, false
}

// Alive is ErrDead once they are dead.
func (c *Countdown) Alive() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.alive()
}

func (c *Countdown) alive() error {
	if c.dead {
		return ErrDead
	}
	return nil
}

// Does does one thing, if they have not died by then.
func (c *Countdown) Does(_ string, thing func() error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := c.left == 0
	c.dead = c.dead || last && c.before
	if err := c.alive(); err != nil {
		return err
	}
	c.left--
	err := thing()
	if last {
		c.dead = true
		return ErrDead
	}
	return err
}
