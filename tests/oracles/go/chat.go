package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// The types that templates see, with the fields and the String methods that Ollama documents for them.

type message struct {
	Role       string     `json:"role"`
	Content    string     `json:"content"`
	Thinking   string     `json:"thinking,omitempty"`
	Images     []string   `json:"images,omitempty"`
	ToolCalls  []toolCall `json:"tool_calls,omitempty"`
	ToolName   string     `json:"tool_name,omitempty"`
	ToolCallID string     `json:"tool_call_id,omitempty"`
}

type toolCall struct {
	ID       string       `json:"id,omitempty"`
	Function functionCall `json:"function"`
}

type functionCall struct {
	Index     int       `json:"index"`
	Name      string    `json:"name"`
	Arguments arguments `json:"arguments"`
}

type arguments map[string]any

func (a arguments) String() string { return text(a) }

type tools []tool

func (t tools) String() string { return text(t) }

type tool struct {
	Type     string   `json:"type"`
	Items    any      `json:"items,omitempty"`
	Function function `json:"function"`
}

func (t tool) String() string { return text(t) }

type function struct {
	Name        string     `json:"name"`
	Description string     `json:"description,omitempty"`
	Parameters  parameters `json:"parameters"`
}

func (f function) String() string { return text(f) }

type parameters struct {
	Type       string     `json:"type"`
	Defs       any        `json:"$defs,omitempty"`
	Items      any        `json:"items,omitempty"`
	Required   []string   `json:"required,omitempty"`
	Properties properties `json:"properties"`
}

func (p parameters) String() string { return text(p) }

type properties map[string]property

func (p properties) String() string { return text(p) }

type property struct {
	AnyOf       []property    `json:"anyOf,omitempty"`
	Type        propertyTypes `json:"type,omitempty"`
	Items       any           `json:"items,omitempty"`
	Description string        `json:"description,omitempty"`
	Enum        []any         `json:"enum,omitempty"`
}

func (p property) String() string { return text(p) }

// ToTypeScriptType is a method that the template of gpt-oss calls.
func (p property) ToTypeScriptType() string { return typeScript(p) }

// propertyTypes is one type or several.
type propertyTypes []string

func (p *propertyTypes) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*p = propertyTypes{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(p))
}

func (p propertyTypes) MarshalJSON() ([]byte, error) {
	if len(p) == 1 {
		return json.Marshal(p[0])
	}
	return json.Marshal([]string(p))
}

func (p propertyTypes) String() string {
	if len(p) == 1 {
		return p[0]
	}
	if len(p) == 0 {
		return ""
	}
	return fmt.Sprint([]string(p))
}

func text(v any) string {
	result, err := json.Marshal(v)
	must(err)
	return string(result)
}

var typeScriptNames = map[string]string{
	"string": "string", "number": "number", "integer": "number", "boolean": "boolean",
	"array": "any[]", "object": "Record<string, any>", "null": "null",
}

func typeScript(v any) string {
	p, ok := v.(property)
	if !ok {
		return "any"
	}
	var names []string
	for _, alternative := range p.AnyOf {
		names = append(names, typeScript(alternative))
	}
	if len(names) == 0 {
		for _, name := range p.Type {
			if known, ok := typeScriptNames[name]; ok {
				names = append(names, known)
			} else {
				names = append(names, "any")
			}
		}
	}
	if len(names) == 0 {
		return "any"
	}
	return strings.Join(names, " | ")
}

// conversation is one to render, with what templates of either kind must be given for it, worked out by hand: System and Merged for those
// that see messages (both left out where they say nothing new), Turns for those that are rendered turn by turn.
type conversation struct {
	Title    string    `json:"title"`
	Messages []message `json:"messages"`
	Tools    tools     `json:"tools"`
	Think    *bool     `json:"think"`
	System   string    `json:"system"`
	Merged   []message `json:"merged"`
	Turns    []turn    `json:"turns"`
}

type turn struct {
	System   string `json:"system"`
	Prompt   string `json:"prompt"`
	Response string `json:"response"`
}

// end marks where the last answer begins or goes on.
const end = "\uE123"

func (c conversation) render(source string) (string, error) {
	data := map[string]any{"Think": false, "ThinkLevel": "", "IsThinkSet": c.Think != nil}
	if c.Think != nil && *c.Think {
		data["Think"], data["ThinkLevel"] = true, "medium"
	}
	if strings.Contains(source, ".Messages") {
		merged := c.Merged
		if merged == nil {
			merged = c.Messages
		}
		pointers := make([]*message, len(merged))
		for i := range merged {
			pointers[i] = &merged[i]
		}
		data["System"], data["Messages"], data["Tools"], data["Response"] = c.System, pointers, c.Tools, ""
		return render(source, data)
	}
	if !strings.Contains(source, ".Response") {
		source += "{{ .Response }}"
	}
	var all strings.Builder
	for i, t := range c.Turns {
		last := i == len(c.Turns)-1
		data["System"], data["Prompt"], data["Response"] = t.System, t.Prompt, t.Response
		if last {
			data["Response"] = t.Response + end
		}
		rendered, err := render(source, data)
		if err != nil {
			return "", err
		}
		if last {
			rendered, _, _ = strings.Cut(rendered, end)
		}
		all.WriteString(rendered)
	}
	return all.String(), nil
}
