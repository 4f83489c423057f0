// Asks a local model about your own documents: index them once, then ask.
//
//     dotnet run --project csharp -- index documents
//     dotnet run --project csharp -- ask "When does the last tram leave the harbour?"
using System.CommandLine;
using Microsoft.Data.Sqlite;
using Rag;

Option<string> database = new("--db") { Description = "The index, a SQLite file", DefaultValueFactory = _ => "rag.db", Recursive = true };
Option<string> embed = new("--embed") { Description = "Embedding model", DefaultValueFactory = _ => "all-minilm" };
Option<string> chat = new("--chat") { Description = "Chat model", DefaultValueFactory = _ => "smollm2" };
Option<int> top = new("--top") { Description = "Passages to answer from", DefaultValueFactory = _ => 3 };
Argument<string> folder = new("FOLDER") { Description = "Folder of the documents" };
Argument<string> question = new("QUESTION") { Description = "The question" };
Command index = new("index", "Index the .md and .txt files of a folder.") { folder, embed };
Command ask = new("ask", "Answer a question from the documents.") { question, chat, top };
index.SetAction(result => RunAsync(result, (server, file) =>
    Questions.IndexAsync(server, file, result.GetRequiredValue(folder), result.GetRequiredValue(embed))));
ask.SetAction(result => RunAsync(result, (server, file) =>
    Questions.AskAsync(server, file, result.GetRequiredValue(question), result.GetRequiredValue(chat), result.GetRequiredValue(top))));
return await new RootCommand("Asks a local model about your own documents.") { database, index, ask }.Parse(args).InvokeAsync();

async Task<int> RunAsync(ParseResult result, Func<LocalServer, string, Task> run)
{
    string file = result.GetRequiredValue(database);
    try
    {
        using LocalServer server = new();
        await run(server, file);
        return 0;
    }
    catch (SqliteException e)
    {
        Console.Error.WriteLine($"Error: the index '{file}' cannot be used: {SQLitePCL.raw.sqlite3_errstr(e.SqliteErrorCode).utf8_to_string()}");
    }
    catch (Exception e) when (e is RagException or IOException or UnauthorizedAccessException)
    {
        Console.Error.WriteLine($"Error: {e.Message}");
    }
    return 1;
}
