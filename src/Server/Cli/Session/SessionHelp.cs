namespace LocalLlm.Server.Cli.Session;

/// <summary>The help of a conversation.</summary>
internal static class SessionHelp
{
    private static readonly (string Name, string Meaning)[] s_commands =
    [
        ("/set", "Change how the conversation goes on; /? set lists what"),
        ("/show", "Show what the model is; /? show lists what"),
        ("/load <model>", "Talk with another model, from the start"),
        ("/save <model>", "Save the model with what was set and said"),
        ("/list [prefix]", "List models"),
        ("/clear", "Forget the conversation, but for the system message"),
        ("/bye", "Leave"),
        ("/?, /help", "This list; /? shortcuts lists keys"),
    ];

    private static readonly (string Name, string Meaning)[] s_set =
    [
        ("/set parameter <name> <value>", "An option such as temperature or num_ctx"),
        ("/set system <text>", "The system message"),
        ("/set template <text>", "The template of models that /save makes"),
        ("/set history, nohistory", "Whether what is typed is remembered"),
        ("/set wordwrap, nowordwrap", "Whether lines break between words"),
        ("/set format json, noformat", "Whether answers are JSON"),
        ("/set verbose, quiet", "Whether timings follow each answer"),
        ("/set think [level], nothink", "Whether or how much the model thinks first"),
    ];

    private static readonly (string Name, string Meaning)[] s_show =
    [
        ("/show info", "Architecture, size, capabilities"),
        ("/show license", "The licence"),
        ("/show modelfile", "A Modelfile that makes the model again"),
        ("/show parameters", "Options of the model, and those that were set"),
        ("/show system", "The system message"),
        ("/show template", "The prompt template"),
    ];

    private static readonly (string Name, string Meaning)[] s_keys =
    [
        ("Ctrl + a, Ctrl + e", "To the start or end of the line (Home, End)"),
        ("Alt + b, Alt + f", "A word back or on"),
        ("Ctrl + b, Ctrl + f", "A character back or on (Left, Right)"),
        ("Ctrl + p, Ctrl + n", "What was typed before or after (Up, Down)"),
        ("Ctrl + j", "A new line in the message"),
        ("Ctrl + k, Ctrl + u", "Cut to the end or start of the line"),
        ("Ctrl + w", "Cut the word before the cursor"),
        ("Ctrl + y", "Put back what was cut"),
        ("Ctrl + g", "Write the message in an editor"),
        ("Ctrl + l", "Clear the screen"),
        ("Ctrl + z", "Stop the program until the shell's fg"),
        ("Ctrl + c", "Stop the answer, or give up the line"),
        ("Ctrl + d", "Leave (/bye)"),
    ];

    /// <summary>Writes the help of a topic.</summary>
    /// <param name="writer">The terminal.</param>
    /// <param name="topic"><c>set</c>, <c>show</c>, <c>shortcuts</c>, or anything else for the list of commands.</param>
    /// <param name="before">A line before it; empty for none.</param>
    public static void Write(TextWriter writer, string topic, string before = "")
    {
        if (before.Length > 0)
        {
            writer.WriteLine(before);
        }
        WriteTable(writer, topic switch { "set" => s_set, "show" => s_show, "shortcuts" => s_keys, _ => s_commands });
        if (topic is not ("set" or "show" or "shortcuts"))
        {
            writer.WriteLine("Begin and end a message of several lines with \"\"\".");
        }
        writer.WriteLine();
    }

    private static void WriteTable(TextWriter writer, (string Name, string Meaning)[] rows)
    {
        TextTable table = new(rows[0].Name, rows[0].Meaning);
        foreach ((string name, string meaning) in rows.Skip(1))
        {
            table.Add(name, meaning);
        }
        table.Write(writer, "  ");
    }
}
