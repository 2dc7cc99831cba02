package check

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// acceptGroups asks for all groups with all versions at once.
const acceptGroups = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList," +
	"application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"

// discovery asks which API groups there are, and which of them nobody serves.
func discovery(ctx context.Context, s *session) []Finding {
	if away := s.away(); away != "" {
		return skipped("%s", away)
	}
	raw, err := s.get(ctx, "/apis", acceptGroups)
	if err != nil {
		return s.failure(err, "ask for the API groups")
	}
	total, down, err := readGroups(raw)
	if err != nil {
		return failed("check that kube_url is that of an API server", "ask for the API groups: %s", err)
	}
	if len(down) > 0 {
		shown := down[:min(len(down), maxNames)]
		return warned("look at kubectl get apiservices, and at the pods behind those that are not Available",
			"%s of %d cannot be asked, and their objects are not watched: %s", plural(len(down), "version"), total, strings.Join(shown, ", "))
	}
	return okay("%s answered for", plural(total, "version"))
}

// readGroups counts the versions of all groups, and names those that are stale: an
// aggregated API that is down.
func readGroups(raw []byte) (total int, down []string, err error) {
	var list struct {
		Kind  string `json:"kind"`
		Items []struct {
			Metadata struct {
				Name string `json:"name"`
			} `json:"metadata"`
			Versions []struct {
				Version   string `json:"version"`
				Freshness string `json:"freshness"`
			} `json:"versions"`
		} `json:"items"`
		// Groups are those of a server that does not tell more.
		Groups []struct {
			Name     string     `json:"name"`
			Versions []struct{} `json:"versions"`
		} `json:"groups"`
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return 0, nil, fmt.Errorf("the answer is no list of groups")
	}
	switch list.Kind {
	case "APIGroupDiscoveryList", "APIGroupList":
	default:
		return 0, nil, fmt.Errorf("the answer is no list of groups")
	}
	for _, g := range list.Items {
		for _, v := range g.Versions {
			total++
			if v.Freshness == "Stale" {
				down = append(down, g.Metadata.Name+"/"+v.Version)
			}
		}
	}
	for _, g := range list.Groups {
		total += len(g.Versions)
	}
	slices.Sort(down)
	return total, down, nil
}
