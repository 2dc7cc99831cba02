package pipeline

import (
	"context"
	"fmt"
	"time"

	"github.com/fluent-live/live-status/pipeline/correlate"
	"github.com/fluent-live/live-status/pipeline/correlate/rule"
	"github.com/fluent-live/live-status/pipeline/cursor"
	"github.com/fluent-live/live-status/pipeline/decode"
	"github.com/fluent-live/live-status/pipeline/dedup"
	"github.com/fluent-live/live-status/pipeline/deployment"
	"github.com/fluent-live/live-status/pipeline/event"
	"github.com/fluent-live/live-status/pipeline/source/auditfile"
	"github.com/fluent-live/live-status/pipeline/source/auditwebhook"
	"github.com/fluent-live/live-status/pipeline/source/events"
	"github.com/fluent-live/live-status/pipeline/source/objects"
	"github.com/fluent-live/live-status/pipeline/status"
)

// source yields items to the pump.
type source interface {
	// Run reads until ctx ends; it copes with everything else by itself.
	Run(ctx context.Context)
	// Status may be called at any time.
	Status() event.SourceStatus
}

func (p *Pipeline) addSources(ctx context.Context) error {
	if p.cfg.Events.Enabled {
		if err := p.addEvents(); err != nil {
			return err
		}
	}
	if p.cfg.Audit.Path != "" {
		if err := p.addAuditFile(); err != nil {
			return err
		}
	}
	if p.cfg.Audit.Webhook.Listen != "" {
		return p.addAuditWebhook(ctx)
	}
	return nil
}

func (p *Pipeline) addEvents() error {
	namespaces := p.cfg.Events.Namespaces
	if len(namespaces) == 0 {
		namespaces = []event.Namespace{""}
	}
	for _, ns := range namespaces {
		src, err := events.New(events.Options{
			Server: p.access, Positions: p.cursor, Sink: p.pump, Logger: p.opts.Logger,
			Namespace: ns, Exclude: p.cfg.Events.NamespacesExclude,
			LabelSelector: p.cfg.Events.LabelSelector, FieldSelector: p.cfg.Events.FieldSelector,
			PageSize: p.cfg.Events.PageSize, Retention: p.cfg.Events.Retention, WatchTimeout: p.cfg.Events.WatchTimeout,
			Describe: p.access.Describe,
		})
		if err != nil {
			return err
		}
		p.sources = append(p.sources, src)
	}
	return nil
}

// unassessed is the index where statuses are not told.
type unassessed struct{ *correlate.Index }

func (u unassessed) Put(live event.Live, _ []byte, list uint64) { u.Index.Put(live, list) }

// addObjects watches the live objects.
func (p *Pipeline) addObjects(ctx context.Context) error {
	options, err := p.objectOptions(ctx)
	if err != nil {
		return err
	}
	options.Catalog = served{options.Catalog, p.permissions}
	src, err := objects.New(options)
	if err != nil {
		return err
	}
	if s := p.pump.statuses; s != nil {
		s.source = src
	}
	p.objects = src
	p.sources = append(p.sources, src)
	p.pump.listed = src.Synced()
	return nil
}

// applicationRules reads the rules by which objects belong to applications, and has
// those that fail told.
func (p *Pipeline) applicationRules() (*rule.Set, error) {
	rules, err := rule.New(rule.Options{File: p.cfg.Applications.RulesFile})
	if err != nil {
		return nil, err
	}
	p.rules = append(p.rules, newRuleWatch(rules.Errors, applicationRuleFails, p.opts.Logger))
	return rules, nil
}

// objectOptions returns what a source of live objects needs, and gives the pump the
// index that the source fills.
func (p *Pipeline) objectOptions(ctx context.Context) (objects.Options, error) {
	rules, err := p.applicationRules()
	if err != nil {
		return objects.Options{}, err
	}
	index := correlate.New(correlate.Options{
		Rules: rules, Now: time.Now, Namespaces: p.cfg.Events.Namespaces, NamespacesExclude: p.cfg.Events.NamespacesExclude,
	})
	decoder := decode.ObjectDecoder{Annotations: rules.Annotation}
	states, err := p.newStatuses(ctx, index)
	if err != nil {
		return objects.Options{}, err
	}
	if states != nil {
		decoder.Annotations = func(key string) bool { return rules.Annotation(key) || status.Annotation(key) }
	}
	before, _, err := p.cursor.Seen(ctx, dealtWith)
	if err != nil {
		return objects.Options{}, fmt.Errorf("read how far deployments were reported: %w", err)
	}
	ledger := dedup.NewLedger(p.pump.events, dedup.LedgerOptions{Retention: p.cfg.Events.Retention, Before: before.Last, Now: time.Now})
	p.pump.rollouts = newRollouts(ledger, func(series event.SeenKey) (time.Time, bool) { return p.reported(series, before.Last) })
	options := objects.Options{
		Index: unassessed{index}, Catalog: index, Sink: newWholeObjects(p.pump), Logger: p.opts.Logger,
		Decode: decoder.Decode, Reads: func(r event.APIResource) bool { return decode.ReadsSpec(r.GroupKind()) },
		Only: p.cfg.Objects.Only, Include: p.cfg.Objects.Include, Exclude: p.cfg.Objects.Exclude,
		Namespaces: p.cfg.Events.Namespaces, NamespacesExclude: p.cfg.Events.NamespacesExclude,
		PageSize: p.cfg.Events.PageSize, WatchTimeout: p.cfg.Events.WatchTimeout,
		Whole: p.pump.rollouts.stored.Wants, Yields: deployment.Reads,
	}
	if states != nil {
		states.attach(&options)
	}
	if p.access != nil {
		options.Server, options.Describe = p.access, p.access.Describe
	}
	p.pump.index, p.pump.audited = index, decoder
	return options, nil
}

func (p *Pipeline) addAuditFile() error {
	src, err := auditfile.New(auditfile.Options{
		Path: p.cfg.Audit.Path, FromTail: p.cfg.Audit.FromTail, MaxLine: p.cfg.Audit.MaxLine,
		Sink: p.pump, Positions: p.cursor, Logger: p.opts.Logger,
	})
	if err != nil {
		return err
	}
	p.sources = append(p.sources, src)
	return nil
}

// addAuditWebhook opens the spool and begins to listen: an address that is
// taken is a mistake to be mended at the start.
func (p *Pipeline) addAuditWebhook(ctx context.Context) error {
	w := p.cfg.Audit.Webhook
	key, err := derived(p.pump.salt, keyOfSpool)
	if err != nil {
		return err
	}
	spool, err := cursor.OpenSpool(ctx, cursor.SpoolOptions{
		Path: w.SpoolFile, MaxBytes: w.MaxSpool, Key: key, Holder: p.opts.Instance, Now: time.Now, Logger: p.opts.Logger,
	})
	if err != nil {
		return err
	}
	p.spool = spool
	src, err := auditwebhook.New(ctx, auditwebhook.Options{
		Access: auditwebhook.Access{
			Listen: w.Listen, CertFile: w.CertFile, KeyFile: w.KeyFile, ClientCAFile: w.ClientCAFile, TokenFile: w.TokenFile,
			Insecure: w.Insecure,
		},
		Spool: spool, Positions: p.cursor, Sink: p.pump, Logger: p.opts.Logger, Now: time.Now,
		MaxBody: w.MaxBody, MaxItem: int64(p.cfg.Audit.MaxLine),
	})
	if err != nil {
		return err
	}
	p.sources = append(p.sources, src)
	p.opts.Logger.Info("audit webhook: listening", "address", src.Addr().String(), "tls", w.CertFile != "",
		"client_certificates", w.ClientCAFile != "", "token", w.TokenFile != "")
	return nil
}

// loadWindow reads which audit events were handed on before.
func (p *Pipeline) loadWindow(ctx context.Context) error {
	err := p.cursor.Passed(ctx, time.Now().Add(-auditSpan), func(at time.Time, fps []event.Fingerprint) error {
		for _, fp := range fps {
			p.pump.audits.window.Add(at, fp)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("load audit events seen: %w", err)
	}
	return nil
}
