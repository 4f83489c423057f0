using LocalLlm.Engine;
using LocalLlm.Server.Runners;
using LocalLlm.Tests;

namespace LocalLlm.Server.Tests.Runners;

/// <summary>How runners end. What does not happen here hangs, so no time is measured.</summary>
public sealed class RunnerDeathTests : IDisposable
{
    private readonly RealRunner _runners = new();

    [UnixFact]
    public async Task AKilledRunnerLosesItsCallsAndLeavesNothing()
    {
        await using RunnerEngine engine = await _runners.StartAsync();
        LosingCall[] running = [.. Enumerable.Range(0, 3).Select(_ => new LosingCall(engine))];
        await Task.WhenAny(running.Select(call => call.Begun));
        RealRunner.Signal(engine, "KILL");
        foreach (TextEngineException told in await Task.WhenAll(running.Select(call => call.Lost)))
        {
            Assert.Equal((TextEngineErrorKind.Lost, RunnerEngine.LostMessage), (told.Kind, told.Message));
        }
        // Whoever sees a call lost knows that the engine has ended: what asks again must not come back here.
        Assert.True(engine.Ended.IsCompletedSuccessfully);
        Assert.False(RealRunner.Exists(engine));
        Assert.DoesNotContain(Directory.EnumerateFiles(_runners.Folder), file => file.EndsWith(".sock", StringComparison.Ordinal));
        Assert.Equal(RunnerEngine.LostMessage, (await new LosingCall(engine).Lost).Message);
        Assert.EndsWith("ended unexpectedly (exit code 137)", Assert.Single(_runners.Log.Lines), StringComparison.Ordinal);
    }

    [UnixFact]
    public async Task AKilledRunnerIsNoticedWithoutACall()
    {
        await using RunnerEngine engine = await _runners.StartAsync();
        RealRunner.Signal(engine, "KILL");
        await engine.Ended;
        Assert.False(RealRunner.Exists(engine));
    }

    [UnixFact]
    public async Task AHungRunnerIsNoticedAndKilled()
    {
        // Long enough for a runner that waits for a processor, which all tests share.
        await using RunnerEngine engine = await (_runners.Launch() with { Silence = TimeSpan.FromSeconds(5) })
            .StartAsync(RepoPaths.Vector("models", "qwen3-q8_0.gguf"), RealRunner.Options, CancellationToken.None);
        LosingCall running = new(engine);
        await running.Begun;
        RealRunner.Signal(engine, "STOP");
        Assert.Equal(RunnerEngine.LostMessage, (await running.Lost).Message);
        Assert.True(engine.Ended.IsCompletedSuccessfully);
        Assert.False(RealRunner.Exists(engine));
        Assert.EndsWith("showed no sign of life for 5 s and was killed", Assert.Single(_runners.Log.Lines), StringComparison.Ordinal);
    }

    [UnixFact]
    public async Task PoliteSignalsAreForTheServer()
    {
        await using RunnerEngine engine = await _runners.StartAsync();
        RealRunner.Signal(engine, "INT");
        RealRunner.Signal(engine, "TERM");
        Assert.NotEmpty(await engine.DetokenizeAsync([5]));
    }

    [UnixFact]
    public async Task UnloadingEndsTheRunnerInTheMiddleOfAnAnswer()
    {
        RunnerEngine engine = await _runners.StartAsync();
        LosingCall running = new(engine);
        await running.Begun;
        await engine.DisposeAsync();
        TextEngineException told = await running.Lost;
        Assert.Equal((TextEngineErrorKind.Lost, RunnerEngine.UnloadedMessage), (told.Kind, told.Message));
        Assert.True(engine.Ended.IsCompletedSuccessfully);
        Assert.False(RealRunner.Exists(engine));
        Assert.Empty(_runners.Log.Lines);
        await engine.DisposeAsync();
    }

    [UnixFact]
    public async Task TheEndOfItsInputEndsARunnerWhateverOthersHold()
    {
        // Nothing but the end of input ends this runner: were its pipe open in the other one too, it would never come.
        RunnerEngine first = await (_runners.Launch() with { Grace = Timeout.InfiniteTimeSpan })
            .StartAsync(RepoPaths.Vector("models", "qwen3-q8_0.gguf"), RealRunner.Options, CancellationToken.None);
        await using RunnerEngine second = await _runners.StartAsync();
        LosingCall running = new(first);
        await running.Begun;
        await first.DisposeAsync();
        await running.Lost;
        Assert.False(RealRunner.Exists(first));
        Assert.True(RealRunner.Exists(second));
    }

    public void Dispose() => _runners.Dispose();

    /// <summary>Generations one after the other, until one fails: a model that knows nothing may end an answer at any token.</summary>
    private sealed class LosingCall
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public LosingCall(ITextEngine engine) => Lost = RunAsync(engine);

        /// <summary>Completes when the runner has given some of the answer.</summary>
        public Task Begun => _begun.Task;

        /// <summary>What it failed with.</summary>
        public Task<TextEngineException> Lost { get; }

        private async Task<TextEngineException> RunAsync(ITextEngine engine)
        {
            try
            {
                while (true)
                {
                    await foreach (GenerationEvent item in engine.GenerateAsync(RealRunner.Endless))
                    {
                        if (item is TextDelta)
                        {
                            _begun.TrySetResult();
                        }
                    }
                }
            }
            catch (TextEngineException exception)
            {
                return exception;
            }
        }
    }
}
