using System.Text.Json.Nodes;

namespace LocalLlm.Server.Cli.Session;

/// <summary>A conversation and what was set for it.</summary>
internal sealed class SessionState
{
    /// <summary>Begins a conversation.</summary>
    /// <param name="backend">The model.</param>
    /// <param name="opening">What the command line says; its messages are at most one, of the system.</param>
    /// <param name="style">How answers are printed.</param>
    public SessionState(IChatBackend backend, ChatQuestion opening, AnswerStyle style)
    {
        Backend = backend;
        Style = style;
        System = opening.Messages is [.., { } last] ? last.Content : "";
        Options = (JsonObject)opening.Options.DeepClone();
        Format = opening.Format;
        Think = opening.Think;
        KeepAlive = opening.KeepAlive;
        Clear();
    }

    /// <summary>The model.</summary>
    public IChatBackend Backend { get; set; }

    /// <summary>What was said.</summary>
    public List<SessionMessage> Messages { get; } = [];

    /// <summary>The system message; empty for the model's own.</summary>
    public string System { get; private set; }

    /// <summary>The chat template of models that are saved; empty for the model's own.</summary>
    public string Template { get; set; } = "";

    /// <summary>Options over those of the model.</summary>
    public JsonObject Options { get; }

    /// <summary><c>"json"</c> or a schema; null for free text.</summary>
    public JsonNode? Format { get; set; }

    /// <summary>Whether the model shall think; null leaves it to the model.</summary>
    public JsonNode? Think { get; set; }

    /// <summary>How long the model shall stay in memory; null leaves it to the server.</summary>
    public string? KeepAlive { get; }

    /// <summary>How answers are printed.</summary>
    public AnswerStyle Style { get; set; }

    /// <summary>Forgets what was said, but for the system message.</summary>
    public void Clear()
    {
        Messages.Clear();
        if (System.Length > 0)
        {
            Messages.Add(new SessionMessage("system", System));
        }
    }

    /// <summary>Sets the system message from here on: in the place of one that nothing was said after, else as one more.</summary>
    public void SetSystem(string text)
    {
        System = text;
        if (Messages is [.., { Role: "system" }])
        {
            Messages.RemoveAt(Messages.Count - 1);
        }
        Messages.Add(new SessionMessage("system", text));
    }

    /// <summary>A question that comes after all that was said.</summary>
    public ChatQuestion Ask(SessionMessage? message) => new()
    {
        Messages = message is null ? [.. Messages] : [.. Messages, message],
        Options = Options,
        Format = Format,
        Think = Think,
        KeepAlive = KeepAlive,
    };

    /// <summary>What <c>/api/create</c> makes a model of that begins as this conversation stands.</summary>
    public JsonObject Recipe(string name)
    {
        // The parent of a model that was made of a file is its path, which only its own server could read.
        string parent = Backend.Card.Parent;
        JsonObject recipe = new() { ["model"] = name, ["from"] = parent.Length > 0 && !Path.IsPathRooted(parent) ? parent : Backend.Model };
        if (System.Length > 0)
        {
            recipe["system"] = System;
        }
        if (Template.Length > 0)
        {
            recipe["template"] = Template;
        }
        if (Options.Count > 0)
        {
            recipe["parameters"] = Options.DeepClone();
        }
        JsonArray said = [.. Messages.Where(message => message.Role != "system").Select(message => new JsonObject { ["role"] = message.Role, ["content"] = message.Content })];
        if (said.Count > 0)
        {
            recipe["messages"] = said;
        }
        return recipe;
    }
}
