// Tools and the choice among them. A function becomes a tool with an input schema; Anthropic's own tools
// (web_search_20250305, bash_20250124 …) go through under their type. OpenAI's free-text tools have no counterpart and are
// refused.

package conversions

import (
	"encoding/json"
	"fmt"

	"github.com/caisson/caisson/sdk/go/caisson"
)

// toolList gives nil for none.
func toolList(given []caisson.Tool) (any, error) {
	var tools []caisson.Fields
	for position, each := range given {
		tool, err := toolOf(each, fmt.Sprintf("tools[%d]", position))
		if err != nil {
			return nil, err
		}
		tools = append(tools, tool)
	}
	return nilIfEmpty(tools), nil
}

func toolOf(tool caisson.Tool, path string) (caisson.Fields, error) {
	function := tool.Kind == "" || tool.Kind == "function"
	inner := tool.Kind
	if function {
		inner = "function"
	}
	extra, err := flat(tool.Extra, inner, path)
	if err != nil {
		return nil, err
	}
	var own caisson.Fields
	switch {
	case function:
		schema, err := inputSchema(tool.Parameters, path)
		if err != nil {
			return nil, err
		}
		own = object("name", tool.Name, "input_schema", schema)
	case tool.Kind == "custom" && !extra.Has("input_schema"):
		return nil, caisson.UnsupportedParam(path, "tools that take free text")
	default:
		own = object("type", tool.Kind, "name", nilUnless(tool.Name != "", tool.Name))
		for _, name := range []string{"type", "name"} {
			if value := extra.Take(name); value != nil {
				own.Set(name, value)
			}
		}
	}
	if tool.Description != nil && !extra.Has("description") {
		own.Set("description", raw(*tool.Description))
	}
	if tool.Strict != nil && *tool.Strict && !extra.Has("strict") {
		own.Set("strict", raw(true))
	}
	own.Add(extra)
	return own, nil
}

// inputSchema as it came, but with the type that Anthropic insists on and OpenAI does not.
func inputSchema(parameters json.RawMessage, path string) (caisson.Fields, error) {
	if parameters == nil {
		return object("type", "object"), nil
	}
	schema, err := caisson.ParseObject(parameters)
	if err != nil {
		return nil, caisson.Invalid(path+".function.parameters", "the parameters are not a JSON Schema object: %v", err)
	}
	if schema.Get("type") == nil {
		schema.Set("type", raw("object"))
	}
	return schema, nil
}

// toolChoice gives nil where Anthropic's default is meant: auto, calls side by side.
func toolChoice(request *caisson.ChatRequest) (any, error) {
	oneAtATime := request.ParallelToolCalls != nil && !*request.ParallelToolCalls
	var chosen caisson.Fields
	switch choice := request.ToolChoice.(type) {
	case nil:
		if len(request.Tools) > 0 && oneAtATime {
			chosen = object("type", "auto")
		}
	case caisson.NamedTool:
		chosen = object("type", "tool", "name", string(choice))
	case caisson.OtherToolChoice:
		value, err := caisson.ParseJSON(choice)
		if err != nil {
			return nil, caisson.Invalid("tool_choice", "this is not JSON: %v", err)
		}
		return value, nil
	case caisson.ToolMode:
		switch {
		case choice == caisson.ToolsRequired:
			chosen = object("type", "any")
		case len(request.Tools) > 0:
			chosen = object("type", string(choice))
		}
		// Without tools there is nothing to choose, and saying so is refused.
	}
	if chosen == nil {
		return nil, nil
	}
	if oneAtATime && text(chosen, "type") != "none" {
		chosen.Set("disable_parallel_tool_use", raw(true))
	}
	return chosen, nil
}

// isForced says whether the model must call a tool: Anthropic refuses to think before a forced call.
func isForced(request *caisson.ChatRequest) bool {
	_, named := request.ToolChoice.(caisson.NamedTool)
	return named || request.ToolChoice == caisson.ToolsRequired
}
