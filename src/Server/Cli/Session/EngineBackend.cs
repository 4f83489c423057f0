using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using LocalLlm.Engine;
using LocalLlm.Engine.Chat;
using LocalLlm.Server.Http;
using LocalLlm.Server.Http.Json;
using LocalLlm.Server.Http.Native;
using LocalLlm.Server.Models;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Cli.Session;

/// <summary>A model in this process.</summary>
internal sealed class EngineBackend : IChatBackend
{
    private readonly CliHost _host;
    private readonly ServedModel _served;
    private readonly ServedModels _models;
    private readonly ModelOptions _options;
    private readonly ITextEngine _engine;
    private readonly Lazy<ModelCard> _card;
    private TimeSpan _load; // until it has been told once

    private EngineBackend(CliHost host, string model, ServedModel served, ModelOptions options)
    {
        (_host, Model, _served, _options) = (host, model, served, options);
        _models = new ServedModels([served], store: null);
        long started = Stopwatch.GetTimestamp();
        using WaitSign wait = new(host, TimeProvider.System);
        _engine = host.OpenEngine(served.Path, served.LoadOptions(options));
        _load = Stopwatch.GetElapsedTime(started);
        _card = new Lazy<ModelCard>(() =>
        {
            ShowAnswer answer = new ShowEndpoint(_models).Describe(served);
            return new ModelCard(JsonSerializer.SerializeToElement(answer, ApiJson.Compact.ShowAnswer));
        });
    }

    /// <inheritdoc/>
    public string Model { get; }

    /// <inheritdoc/>
    public ModelCard Card => _card.Value;

    private ModelCapabilities Capabilities => _engine.Description.Capabilities;

    /// <summary>Loads a model into this process.</summary>
    /// <param name="host">The world.</param>
    /// <param name="model">A name of the store or the catalogue, or the path of a file.</param>
    /// <param name="options">How to load it.</param>
    /// <exception cref="ModelCatalogueException">There is no such model.</exception>
    public static EngineBackend Open(CliHost host, string model, ModelOptions options) =>
        new(host, model, host.Models.Resolve(model), options);

    /// <inheritdoc/>
    public bool Can(string capability) => capability switch
    {
        "completion" => Capabilities.HasFlag(ModelCapabilities.Completion),
        "embedding" => Capabilities.HasFlag(ModelCapabilities.Embedding),
        "thinking" => Capabilities.HasFlag(ModelCapabilities.Thinking),
        _ => false,
    };

    /// <inheritdoc/>
    public Task LoadAsync(ChatQuestion question, CancellationToken cancellationToken)
    {
        GenerationOptionsOf(question); // a mistake in them is told before anybody has typed a question
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<AnswerPart> AskAsync(ChatQuestion question, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        GenerationRequest request = RequestOf(question);
        TimeSpan load = _load;
        _load = TimeSpan.Zero;
        long started = Stopwatch.GetTimestamp();
        await foreach (GenerationEvent item in _engine.GenerateAsync(request, cancellationToken))
        {
            switch (item)
            {
                case TextDelta delta:
                    yield return new AnswerPart { Text = delta.Text };
                    break;
                case GenerationFinished finished:
                    int dropped = finished.Truncation?.DroppedTokens ?? 0;
                    yield return new AnswerPart
                    {
                        End = new AnswerEnd(load + Stopwatch.GetElapsedTime(started), load, finished.Usage, dropped, _engine.Description.ContextLength),
                    };
                    break;
            }
        }
    }

    /// <inheritdoc/>
    public async Task<string> EmbedAsync(string text, bool? truncate, int? dimensions, ChatQuestion question, CancellationToken cancellationToken)
    {
        EmbeddingRequest request = new() { Inputs = [text], Truncate = truncate ?? true, Dimensions = dimensions };
        return JsonSerializer.Serialize((await _engine.EmbedAsync(request, cancellationToken)).Vectors[0]);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<float[]>> EmbedAllAsync(
        IReadOnlyList<string> texts, bool? truncate, int? dimensions, ChatQuestion question, CancellationToken cancellationToken)
    {
        EmbeddingRequest request = new() { Inputs = texts, Truncate = truncate ?? true, Dimensions = dimensions };
        return (await _engine.EmbedAsync(request, cancellationToken)).Vectors;
    }

    /// <inheritdoc/>
    public Task<JsonElement> ListAsync(CancellationToken cancellationToken)
    {
        ServedModels models = new(_host.Catalogue.Models.Where(model => model.Path is not null).Select(model => model.ToServed()), store: null);
        return Task.FromResult(JsonSerializer.SerializeToElement(ListEndpoints.TagsOf(models, _ => { }), ApiJson.Compact.TagsAnswer));
    }

    /// <inheritdoc/>
    public Task<IChatBackend> SwitchAsync(string model, CancellationToken cancellationToken) => Task.FromResult<IChatBackend>(Open(_host, model, _options));

    /// <inheritdoc/>
    public Task SaveAsync(JsonObject recipe, CancellationToken cancellationToken) =>
        throw new CommandLineException("a model in this process cannot be saved: run 'localllm serve' in another terminal, then 'localllm run' again");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    private GenerationRequest RequestOf(ChatQuestion question)
    {
        if (question.Messages.Any(message => message.Images.Count > 0))
        {
            throw RequestFields.Images();
        }
        IReadOnlyList<ChatMessage> messages = [.. question.Messages.Select(message => new ChatMessage
        {
            Role = message.Role,
            Content = message.Content,
            Thinking = message.Thinking.Length > 0 ? message.Thinking : null,
        })];
        using JsonDocument fields = JsonDocument.Parse(new JsonObject { ["think"] = question.Think?.DeepClone(), ["format"] = question.Format?.DeepClone() }.ToJsonString());
        JsonFields asked = new(fields.RootElement, "");
        RequestFields.RefuseFormat(asked);
        GenerationRequest request = new()
        {
            Messages = Opening.Before(messages, _served),
            Think = RequestFields.ThinkOrRefuse(RequestFields.Think(asked), Model, Capabilities),
        };
        request = request with { Template = _models.TemplateOf(_served, needsTools: false, needsThinking: request.Think == true) };
        return GenerationOptionsOf(question).ApplyTo(request, _engine);
    }

    private GenerationOptions GenerationOptionsOf(ChatQuestion question)
    {
        using JsonDocument options = JsonDocument.Parse(question.Options.ToJsonString());
        return GenerationOptions.Of(_served).With(new JsonFields(options.RootElement, "options"));
    }
}
