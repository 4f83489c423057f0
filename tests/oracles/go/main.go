// Command oracle renders templates with Go's own text/template: oracle INPUT OUTPUT, two folders. It writes constructs.jsonl (small
// templates over data.json) and families.jsonl (the templates of families/ over conversations.json), each line a case with what Go made of it.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"
)

// functions are those that Ollama adds, on a day that stands still.
var functions = template.FuncMap{
	"json": func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			return ""
		}
		return string(text)
	},
	"currentDate":      func(...string) string { return "2026-03-07" },
	"yesterdayDate":    func(...string) string { return "2026-03-06" },
	"toTypeScriptType": typeScript,
}

func parse(source string) (*template.Template, error) {
	return template.New("").Option("missingkey=zero").Funcs(functions).Parse(source)
}

func render(source string, data any) (string, error) {
	t, err := parse(source)
	if err != nil {
		return "", err
	}
	var text bytes.Buffer
	err = t.Execute(&text, data)
	return text.String(), err
}

// result is a case's line; a template that Go refuses has no text.
type result struct {
	ID           string  `json:"id"`
	Template     string  `json:"template,omitempty"`
	Family       string  `json:"family,omitempty"`
	Conversation string  `json:"conversation,omitempty"`
	Expected     *string `json:"expected,omitempty"`
	Fails        string  `json:"fails,omitempty"`
}

func (r result) of(text string, err error) result {
	if err != nil {
		r.Fails = err.Error()
	} else {
		r.Expected = &text
	}
	return r
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func read(path string) []byte {
	text, err := os.ReadFile(path)
	must(err)
	return text
}

func write(path string, lines []any) {
	file, err := os.Create(path)
	must(err)
	encoder := json.NewEncoder(file)
	encoder.SetEscapeHTML(false)
	for _, line := range lines {
		must(encoder.Encode(line))
	}
	must(file.Close())
	fmt.Printf("%s: %d lines\n", filepath.Base(path), len(lines))
}

// constructs reads templates separated by lines of three dashes; a line that begins with "#! " before them is a heading.
func constructs(folder string) []any {
	source := read(filepath.Join(folder, "data.json"))
	var data any
	must(json.Unmarshal(source, &data))
	var compact bytes.Buffer
	must(json.Compact(&compact, source))
	lines := []any{map[string]json.RawMessage{"data": compact.Bytes()}}
	heading, number := "", 0
	for _, text := range strings.Split(string(read(filepath.Join(folder, "constructs.txt"))), "\n---\n") {
		if strings.HasPrefix(text, "#! ") {
			line, rest, _ := strings.Cut(text, "\n")
			heading, number, text = strings.TrimPrefix(line, "#! "), 0, rest
		}
		number++
		rendered, err := render(text, data)
		lines = append(lines, result{ID: fmt.Sprintf("%s %d", heading, number), Template: text}.of(rendered, err))
	}
	return lines
}

func families(folder string) []any {
	var conversations []conversation
	must(json.Unmarshal(read(filepath.Join(folder, "conversations.json")), &conversations))
	paths, err := filepath.Glob(filepath.Join(folder, "families", "*.gotmpl"))
	must(err)
	sort.Strings(paths)
	var lines []any
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".gotmpl")
		source := string(read(path))
		for _, c := range conversations {
			text, err := c.render(source)
			lines = append(lines, result{ID: name + ": " + c.Title, Family: name, Conversation: c.Title}.of(text, err))
		}
	}
	return lines
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: oracle INPUT OUTPUT")
	}
	write(filepath.Join(os.Args[2], "constructs.jsonl"), constructs(os.Args[1]))
	write(filepath.Join(os.Args[2], "families.jsonl"), families(os.Args[1]))
}
