package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"github.com/graphplane/graphplane/apis/v1alpha1"
	"github.com/graphplane/graphplane/function/cloud"
)

// width of the text in columns, but for single words that are longer.
const width = 100

// mostFields of one object that the text shows.
const mostFields = 12

// Text is the plan for people.
func (p *Plan) Text() string {
	t := &text{}
	t.linef("", "%s %s", p.Kind, strings.TrimPrefix(p.Namespace+"/"+p.Name, "/"))
	if len(p.Components) > 0 {
		t.linef("", "runs on %s", clusterName(p.Cluster))
	}
	t.components(p.Components)
	t.pools(p.NodePools)
	t.price(p)
	if p.Compared {
		t.actions(p.Objects)
	} else {
		t.kinds(p.Objects)
	}
	for _, w := range p.Warnings {
		t.linef("", "")
		t.linef("", "Warning: %s", w)
	}
	return t.String()
}

// A text is written line by line.
type text struct {
	strings.Builder
}

// linef writes one line, or more where it is too long, which then begin as far in as the words after the indentation.
func (t *text) linef(indent, format string, args ...any) {
	t.hang(indent, strings.Repeat(" ", len(indent)), fmt.Sprintf(format, args...))
}

// together keeps words on one line.
func together(words string) string { return strings.ReplaceAll(words, " ", "\u00a0") }

// hang writes words after a beginning, and after another on the lines that follow.
func (t *text) hang(first, next, words string) {
	line := first
	for i, w := range strings.Split(words, " ") {
		w = strings.ReplaceAll(w, "\u00a0", " ")
		if i > 0 && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(w) > width {
			t.WriteString(strings.TrimRight(line, " ") + "\n")
			line = next + w
			continue
		}
		if i > 0 {
			line += " "
		}
		line += w
	}
	t.WriteString(strings.TrimRight(line, " ") + "\n")
}

func (t *text) heading(s string) { t.WriteString("\n" + s + "\n") }

// table writes rows in columns.
func (t *text) table(rows [][]string) {
	w := tabwriter.NewWriter(t, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		_, _ = fmt.Fprintln(w, "  "+strings.Join(r, "\t")) // A Builder takes everything.
	}
	_ = w.Flush()
}

func (t *text) components(in []Component) {
	if len(in) == 0 {
		return
	}
	t.heading("Components")
	rows := [][]string{{"NAME", "TYPE", "PODS", "GPUS", "NODE POOL", ""}}
	pods, gpus := Range{}, Range{}
	for _, c := range in {
		pods, gpus = pods.plus(c.Pods), gpus.plus(c.GPUs)
		var notes []string
		if c.NodesPerReplica > 1 {
			notes = append(notes, fmt.Sprintf("%d nodes a replica", c.NodesPerReplica))
		}
		if c.ScaledBy != "" {
			notes = append(notes, "scaled by "+c.ScaledBy)
		}
		rows = append(rows, []string{c.Name, string(c.Type), c.Pods.String(), c.GPUs.String(), cmp.Or(c.NodePool, "-"), strings.Join(notes, ", ")})
	}
	if len(in) > 1 {
		rows = append(rows, []string{"in all", "", pods.String(), gpus.String(), "", ""})
	}
	t.table(trimColumns(rows))
}

// trimColumns takes empty last cells away, which a table would fill with blanks.
func trimColumns(rows [][]string) [][]string {
	for i := range rows {
		for n := len(rows[i]); n > 0 && rows[i][n-1] == ""; n-- {
			rows[i] = rows[i][:n-1]
		}
	}
	return rows
}

func (r Range) plus(o Range) Range { return Range{Min: r.Min + o.Min, Max: r.Max + o.Max} }

func (r Range) String() string {
	if r.Min == r.Max {
		return strconv.FormatInt(r.Min, 10)
	}
	return fmt.Sprintf("%d..%d", r.Min, r.Max)
}

func (t *text) pools(in []NodePool) {
	if len(in) == 0 {
		return
	}
	t.heading("Node pools")
	for _, p := range in {
		what := fmt.Sprintf("%s of %s, %s", between(p.Nodes.Min, p.Nodes.Max, "node"), p.MachineType, p.Capacity)
		if p.Hourly != "" {
			what += fmt.Sprintf(", %s USD an hour each", p.Hourly)
		}
		t.linef("  ", "%s: %s; pods need %s", p.Name, what, p.Needed)
		if p.Needed.Max > p.Nodes.Max {
			t.linef("    ", "Pods that need more than %s wait: raise size.max", count(p.Nodes.Max, "node"))
		}
		if p.Current > 0 {
			t.linef("    ", "This is fallback %d", p.Current)
		}
		t.linef("    ", "%s", p.Reason)
		for _, f := range p.Fallbacks {
			t.linef("    ", "After %s without capacity: %s, %s", short(f.Wait), f.MachineType, f.Capacity)
		}
	}
}

// short is a duration without what is zero at its end.
func short(d string) string {
	if strings.HasSuffix(d, "m0s") {
		d = strings.TrimSuffix(d, "0s")
	}
	if strings.HasSuffix(d, "h0m") {
		d = strings.TrimSuffix(d, "0m")
	}
	return d
}

func (t *text) price(p *Plan) {
	after := p.Cost
	switch {
	case after == nil && (p.CostBefore == nil || p.CostBefore.Hourly == "0.00"):
		return
	case after == nil:
		after = &Cost{MostHourly: "0.00", CostStatus: v1alpha1.CostStatus{Hourly: "0.00", MaxHourly: "0.00"}}
	}
	t.heading("Price, in US dollars an hour")
	t.table(trimColumns(prices(after, p.CostBefore)))
	shares := make([]string, len(after.PerComponent))
	for i, c := range after.PerComponent {
		shares[i] = together(c.Name + " " + c.Hourly)
	}
	if len(shares) > 0 {
		t.linef("  ", "GPUs of components at these replicas: %s", strings.Join(shares, ", "))
	}
	if after.AsOf != "" {
		t.linef("  ", "List prices of %s and later", after.AsOf)
	}
	if len(after.Unpriced) > 0 {
		t.linef("  ", "Not in the sums, since their price is not known: %s", strings.Join(after.Unpriced, ", "))
	}
	if p.Compared && p.CostBefore == nil {
		t.linef("  ", "What it is now is not known: the observed file does not hold the graph itself")
	}
}

// prices are rows of what it costs, and how far that is from before.
func prices(after *Cost, before *v1alpha1.CostStatus) [][]string {
	rows := [][]string{{"at the declared replicas", after.Hourly, ""}}
	if after.MostHourly != after.Hourly {
		rows[0][0] = "at the least replicas"
		rows = append(rows, []string{"at the most replicas", after.MostHourly, ""})
	}
	rows = append(rows, []string{"with every pool at size.max", after.MaxHourly, ""})
	if before != nil {
		rows[0][2], rows[len(rows)-1][2] = difference(before.Hourly, after.Hourly), difference(before.MaxHourly, after.MaxHourly)
	}
	return rows
}

// difference of two amounts in words.
func difference(before, after string) string {
	b, err := cloud.ParseDollars(before)
	if err != nil {
		return ""
	}
	a, err := cloud.ParseDollars(after)
	switch {
	case err != nil:
		return ""
	case a == b:
		return "as now"
	case a < b:
		return fmt.Sprintf("now %s, -%s", before, b-a)
	}
	return fmt.Sprintf("now %s, +%s", before, a-b)
}

// kinds writes how many objects of each kind there are.
func (t *text) kinds(in []Object) {
	n := map[string]int64{}
	for i := range in {
		n[in[i].Kind]++
	}
	var all []string
	for _, k := range slices.Sorted(maps.Keys(n)) {
		all = append(all, together(fmt.Sprintf("%d %s", n[k], k)))
	}
	t.heading("Objects")
	t.linef("  ", "%s: %s", count(int64(len(in)), "object"), strings.Join(all, ", "))
}

// actions writes what becomes of each object that does not just stay as it is.
func (t *text) actions(in []Object) {
	marks := []struct {
		action Action
		mark   string
	}{{ActionReplace, "±"}, {ActionRoll, "!"}, {ActionDelete, "-"}, {ActionChange, "~"}, {ActionCreate, "+"}, {ActionNone, "="}}
	var sums []string
	if !slices.ContainsFunc(in, func(o Object) bool { return o.Action != ActionNone }) {
		sums = append(sums, "nothing changes")
	}
	for _, m := range marks {
		if n := counted(in, m.action); n > 0 {
			sums = append(sums, summary(n, m.action))
		}
	}
	t.heading("Changes")
	t.linef("  ", "%s", strings.Join(sums, ", "))
	for _, m := range marks {
		for i := range in {
			if in[i].Action == m.action && (m.action != ActionNone || len(in[i].Effects) > 0) {
				t.object(m.mark, &in[i])
			}
		}
	}
}

func counted(in []Object, a Action) int {
	n := 0
	for i := range in {
		if in[i].Action == a {
			n++
		}
	}
	return n
}

func summary(n int, a Action) string {
	if a == ActionNone {
		return fmt.Sprintf("%d unchanged", n)
	}
	return fmt.Sprintf("%d to %s", n, a)
}

func (t *text) object(mark string, o *Object) {
	verb := string(o.Action)
	if o.Action == ActionNone {
		verb = "keep"
	}
	first := fmt.Sprintf("  %s %-7s  ", mark, verb)
	t.hang(first, strings.Repeat(" ", utf8.RuneCountInString(first)), o.Kind+" "+o.Name)
	for _, e := range o.Effects {
		t.linef("      ", "%s", e)
	}
	for i, c := range o.Fields {
		if i == mostFields {
			t.linef("      ", "and %d more fields, which -o yaml shows", len(o.Fields)-mostFields)
			return
		}
		t.hang("      ", "        ", c.String())
	}
}
