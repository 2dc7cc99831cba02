package event

import "time"

// ApplicationView is how an application is, as its last record said. What it refers
// to is shared and must not be changed.
type ApplicationView struct {
	Application Application
	Status      ApplicationStatus
	Health      Health
	Sync        Sync
	Stale       bool
	// Since is when this status began, as far as is known.
	Since time.Time
	// Objects is how many objects count, and Statuses how many of them have each
	// status.
	Objects  int64
	Statuses map[Status]int64
	// Deciding is the first of the objects whose status it is; nil where there is
	// none.
	Deciding *ObjectFinding
}

// ObjectView is how an object is, as its last record said.
type ObjectView struct {
	Object ObjectRef
	// Application is that of the object; its zero value where it has none.
	Application Application
	Status      Status
	Health      Health
	Sync        Sync
	Stale       bool
	Since       time.Time
}

// Transition counts how often a status followed another one since the start of the
// instance. From is empty where there was none before, To where there is none after.
type Transition struct {
	From, To string
	Count    int64
}
