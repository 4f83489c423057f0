using System.Text.Json;
using System.Text.Json.Nodes;

namespace LocalLlm.Server.Cli.Session;

/// <summary>A model to talk with: one that a server has, or one in this process.</summary>
internal interface IChatBackend : IAsyncDisposable
{
    /// <summary>The model, as the user named it.</summary>
    string Model { get; }

    /// <summary>What is known of the model.</summary>
    ModelCard Card { get; }

    /// <summary>Whether the model can do something: <c>completion</c>, <c>embedding</c>, <c>thinking</c>, <c>vision</c>.</summary>
    bool Can(string capability);

    /// <summary>Has the model in memory.</summary>
    /// <param name="question">Its options and times; it is not asked.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task LoadAsync(ChatQuestion question, CancellationToken cancellationToken);

    /// <summary>Asks.</summary>
    /// <exception cref="CommandLineException">The question is refused, or the answer breaks off.</exception>
    IAsyncEnumerable<AnswerPart> AskAsync(ChatQuestion question, CancellationToken cancellationToken);

    /// <summary>Embeds a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="truncate">Whether a text that is too long is cut; null leaves it to the server, which cuts.</param>
    /// <param name="dimensions">How many components to keep; null for all.</param>
    /// <param name="question">Options and times.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The vector, a JSON array.</returns>
    Task<string> EmbedAsync(string text, bool? truncate, int? dimensions, ChatQuestion question, CancellationToken cancellationToken);

    /// <summary>Embeds texts together.</summary>
    /// <param name="texts">At least one.</param>
    /// <param name="truncate">Whether a text that is too long is cut; null leaves it to the server, which cuts.</param>
    /// <param name="dimensions">How many components to keep; null for all.</param>
    /// <param name="question">Options and times.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>A vector of length 1 for each text, in their order.</returns>
    /// <exception cref="CommandLineException">The request is refused, or the answer is none.</exception>
    Task<IReadOnlyList<float[]>> EmbedAllAsync(IReadOnlyList<string> texts, bool? truncate, int? dimensions, ChatQuestion question, CancellationToken cancellationToken);

    /// <summary>The models that could be talked with instead: the answer of <c>/api/tags</c>.</summary>
    Task<JsonElement> ListAsync(CancellationToken cancellationToken);

    /// <summary>Another model of the same kind of backend. This one stays as it is.</summary>
    /// <exception cref="CommandLineException">There is no such model.</exception>
    Task<IChatBackend> SwitchAsync(string model, CancellationToken cancellationToken);

    /// <summary>Saves a model that is made of this one.</summary>
    /// <param name="recipe">Body of <c>/api/create</c>.</param>
    /// <param name="cancellationToken">Gives up.</param>
    Task SaveAsync(JsonObject recipe, CancellationToken cancellationToken);
}
