using System.Text.Json;
using System.Text.Json.Nodes;
using LocalLlm.Server.Cli.Session;

namespace LocalLlm.Server.Tests.Cli.Session;

/// <summary>A model that nobody asks: only its card is looked at.</summary>
internal sealed class CardBackend : IChatBackend
{
    public string Model => "mine";

    public ModelCard Card { get; } = new(JsonDocument.Parse("""{"details":{"parent_model":"base:1b"}}""").RootElement);

    public bool Can(string capability) => false;

    public Task LoadAsync(ChatQuestion question, CancellationToken cancellationToken) => throw new NotSupportedException();

    public IAsyncEnumerable<AnswerPart> AskAsync(ChatQuestion question, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<string> EmbedAsync(string text, bool? truncate, int? dimensions, ChatQuestion question, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IReadOnlyList<float[]>> EmbedAllAsync(IReadOnlyList<string> texts, bool? truncate, int? dimensions, ChatQuestion question, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<JsonElement> ListAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<IChatBackend> SwitchAsync(string model, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task SaveAsync(JsonObject recipe, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
