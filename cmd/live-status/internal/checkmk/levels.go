package checkmk

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Levels are the bounds of a metric in the notation of Checkmk, WARN;CRIT, each of
// them UPPER or LOWER:UPPER with any part left out. At an upper bound, or above, and
// below a lower one, Checkmk raises the state of a service whose state is P.
//
// Source: https://docs.checkmk.com/latest/en/localchecks.html#upper_lower_thresholds.
type Levels string

// ParseLevels takes WARN;CRIT, or WARN,CRIT, which a shell does not cut.
func ParseLevels(text string) (Levels, error) {
	warn, crit, _ := strings.Cut(strings.ReplaceAll(text, ",", ";"), ";")
	wl, wu, err := bounds(warn)
	if err != nil {
		return "", err
	}
	cl, cu, err := bounds(crit)
	if err != nil {
		return "", err
	}
	switch {
	case wu > cu && !math.IsInf(wu, 0):
		return "", fmt.Errorf("%q would be CRIT before it is WARN: the upper bound of WARN is the lower one", text)
	case wl < cl && !math.IsInf(wl, 0):
		return "", fmt.Errorf("%q would be CRIT before it is WARN: the lower bound of WARN is the higher one", text)
	}
	return Levels(strings.TrimRight(warn+";"+crit, ";")), nil
}

// bounds returns what is below and what is above, infinite where nothing is.
func bounds(text string) (lower, upper float64, err error) {
	below, above, both := strings.Cut(text, ":")
	if !both {
		below, above = "", text
	}
	lower, upper = math.Inf(-1), math.Inf(1)
	if below != "" {
		if lower, err = number(below); err != nil {
			return 0, 0, err
		}
	}
	if above != "" {
		if upper, err = number(above); err != nil {
			return 0, 0, err
		}
	}
	if lower > upper {
		return 0, 0, fmt.Errorf("%q leaves no room: write LOWER:UPPER", text)
	}
	return lower, upper, nil
}

// number takes plain numbers: whatever else Go reads, Checkmk reads otherwise.
func number(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || strings.Trim(text, "+-.0123456789") != "" {
		return 0, fmt.Errorf("%q is no number: write WARN,CRIT, each UPPER or LOWER:UPPER, as in 3:,1: or 60,300", text)
	}
	return v, nil
}

// AllLevels are the levels of metrics by their names.
type AllLevels map[string]Levels

// DefaultLevels returns those of the metrics that can have some.
func DefaultLevels() AllLevels {
	return AllLevels{
		metricLag: "60;300", metricQueue: "50;80", metricWatchAge: "600;3600", metricApplications: "",
	}
}

// Names returns the metrics that can have levels.
func (a AllLevels) Names() []string {
	names := make([]string, 0, len(a))
	for name := range a {
		names = append(names, strings.TrimPrefix(name, metricPrefix))
	}
	slices.Sort(names)
	return names
}

// Set takes METRIC=WARN,CRIT.
func (a AllLevels) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return errors.New("write METRIC=WARN,CRIT, as in lag_seconds=60,300")
	}
	full := metricPrefix + strings.TrimPrefix(name, metricPrefix)
	if _, ok := a[full]; !ok {
		return fmt.Errorf("%q is no metric with levels: write one of %s", name, strings.Join(a.Names(), ", "))
	}
	levels, err := ParseLevels(value)
	if err != nil {
		return err
	}
	a[full] = levels
	return nil
}
