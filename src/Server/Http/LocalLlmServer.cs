using System.Net;
using LocalLlm.Server.Http.Guards;
using LocalLlm.Server.Http.Metrics;
using LocalLlm.Server.Models;
using LocalLlm.Server.Registry;
using LocalLlm.Server.Residency;
using LocalLlm.Server.Store;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LocalLlm.Server.Http;

/// <summary>The HTTP server: Ollama's native API and OpenAI's, over models loaded on demand.</summary>
public sealed class LocalLlmServer : IAsyncDisposable
{
    /// <summary>The version of Ollama whose behaviour is followed.</summary>
    public const string OllamaVersion = ProductVersion.Ollama;

    private readonly WebApplication _app;
    private readonly ResidentModels _resident;
    private readonly GracefulStop _stop;
    private readonly ServerMetrics _metrics;
    private readonly ServerOptions _options;
    private readonly IdleEnd? _idle;

    private LocalLlmServer(WebApplication app, ResidentModels resident, GracefulStop stop, ServerMetrics metrics, IdleEnd? idle, ServerOptions options)
    {
        _idle = idle;
        _app = app;
        _resident = resident;
        _stop = stop;
        _metrics = metrics;
        _options = options;
    }

    /// <summary>The version of this program.</summary>
    public static string Version => ProductVersion.Own;

    /// <summary>Where the server listens, once started.</summary>
    public IReadOnlyList<Uri> Addresses =>
        [.. _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Select(address => new Uri(address))];

    /// <summary>Completes when nobody has used the server for <see cref="ServerOptions.IdleTimeout"/>; never if there is none.</summary>
    public Task Idle => _idle?.Reached ?? Task.Delay(Timeout.Infinite);

    /// <summary>Puts a server together; nothing listens until <see cref="StartAsync"/>.</summary>
    /// <param name="options">How it is set up.</param>
    /// <param name="load">Loads a model.</param>
    /// <param name="time">The clock; the system's if null.</param>
    /// <exception cref="ArgumentException">A model's name is none, or the host is unknown.</exception>
    public static LocalLlmServer Build(ServerOptions options, EngineFactory load, TimeProvider? time = null)
    {
        time ??= TimeProvider.System;
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton(_ => new RegistryClient(options.Registry with { DropReplaced = options.Prune }));
        GracefulStop stop = new(options.StopTimeout, time);
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout(options.StopTimeout));
        if (options.Log)
        {
            ConfigureLog(builder.Logging, options.LogLevel);
        }
        IPAddress[] addresses = ResolveHost(options.Host);
        builder.WebHost.UseKestrelCore().UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true).ConfigureKestrel(kestrel => ConfigureKestrel(kestrel, addresses, options.Port));

        ServedModels models = new(
        [
            .. options.ExtraModels.Select(extra => new ServedModel { Names = [extra.Key], Path = Path.GetFullPath(extra.Value) }),
            .. options.Models,
        ], options.StoreFolder is { } folder ? new ModelStore(folder, options.StoreReadOnly) { KeepsReplaced = !options.Prune } : null, options.GoTemplates);
        ServerMetrics metrics = new();
        ResidentModels resident = new(metrics.Watch(load), ResidencyOf(options), time);
        AdmissionQueue queue = new(options.ModelOptions.MaxSequences, options.MaxQueue);
        metrics.Show(() => resident.Counts, () => queue.Waiting);
        WebApplication app = builder.Build();
        app.Lifetime.ApplicationStopping.Register(stop.Begin);
        IdleEnd? idle = options.IdleTimeout is { } idleTimeout ? new IdleEnd(idleTimeout, () => resident.HoldsAny, time) : null;
        if (idle is not null)
        {
            app.Use(idle.InvokeAsync);
        }
        app.Use(RequestMeter.Middleware(metrics));
        AddGuards(app, options, isLocal: addresses.All(IPAddress.IsLoopback));
        Routes.Map(app, models, new ModelAccess(resident, queue, stop, app.Services.GetRequiredService<ILogger<ModelAccess>>()), options, time);
        app.MapGet("/metrics", new MetricsEndpoint(metrics).HandleAsync);
        return new LocalLlmServer(app, resident, stop, metrics, idle, options);
    }

    /// <summary>Listens.</summary>
    /// <exception cref="IOException">The address is in use or not this machine's; the message says which.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            await _app.StartAsync(cancellationToken);
        }
        catch (IOException exception) when (exception.InnerException is AddressInUseException)
        {
            throw new IOException($"listen tcp {_options.Host}:{_options.Port}: bind: address already in use", exception);
        }
        // Not before: a server that cannot listen must not delete what another one is adding.
        StoreUpkeep.Run(_options, _app.Services.GetRequiredService<ILogger<LocalLlmServer>>());
    }

    /// <summary>
    /// Stops listening and tells requests that wait that the server ends; running generations go on for <see cref="ServerOptions.StopTimeout"/>, then they
    /// end as if a limit of tokens had been reached.
    /// </summary>
    /// <param name="cancellationToken">Cuts off at once whatever still runs.</param>
    public Task StopAsync(CancellationToken cancellationToken = default) => _app.StopAsync(cancellationToken);

    /// <summary>Stops, unless that was done, and unloads all models.</summary>
    public async ValueTask DisposeAsync()
    {
        _idle?.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _resident.DisposeAsync();
        _stop.Dispose();
        _metrics.Dispose();
    }

    private static ResidencyOptions ResidencyOf(ServerOptions options) => new()
    {
        KeepAlive = options.KeepAlive,
        MaxLoadedModels = options.MaxLoadedModels,
        LoadTimeout = options.LoadTimeout,
        AvailableBytes = options.AvailableMemory,
        ReadPlanner = new ModelPlans(options.ModelOptions).Read,
    };

    /// <summary>When connections are cut off for good: an engine needs one step to notice that it shall end, which can take a few seconds.</summary>
    private static TimeSpan ShutdownTimeout(TimeSpan grace) =>
        grace < TimeSpan.FromDays(1) ? TimeSpan.FromSeconds(5) + (grace > TimeSpan.Zero ? grace : TimeSpan.Zero) : TimeSpan.FromDays(1);

    private static void ConfigureLog(ILoggingBuilder logging, LogLevel level)
    {
        logging.SetMinimumLevel(level);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        // A server that cannot start says so itself, in a sentence.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffzzz ";
        });
        // Standard output belongs to results.
        logging.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(
            console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }

    /// <summary>No limits of size or speed: prompts can be large, and answers take as long as the model does.</summary>
    private static void ConfigureKestrel(KestrelServerOptions kestrel, IPAddress[] addresses, int port)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        foreach (IPAddress address in addresses)
        {
            kestrel.Listen(address, port, endpoint => endpoint.Protocols = HttpProtocols.Http1);
        }
    }

    private static IPAddress[] ResolveHost(string host)
    {
        if (host.Length == 0)
        {
            return [IPAddress.IPv6Any]; // dual mode: IPv4 too
        }
        if (IPAddress.TryParse(host, out IPAddress? address))
        {
            return [address];
        }
        try
        {
            IPAddress[] all = Dns.GetHostAddresses(host);
            return [all.FirstOrDefault(found => found.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork) ?? all[0]];
        }
        catch (System.Net.Sockets.SocketException exception)
        {
            throw new ArgumentException($"the host \"{host}\" to listen on is unknown: {exception.Message}", nameof(host), exception);
        }
    }

    private static void AddGuards(WebApplication app, ServerOptions options, bool isLocal)
    {
        app.Use(new RequestLog(app.Services.GetRequiredService<ILogger<RequestLog>>()).InvokeAsync);
        app.Use(new OriginGuard(options.AllowedOrigins).InvokeAsync);
        if (isLocal)
        {
            app.Use(HostGuard.InvokeAsync);
        }
        app.UseStatusCodePages(PlainAnswers.WriteAsync);
        app.UseRouting();
        app.Use(PlainAnswers.RedirectTrailingSlashAsync);
    }
}
