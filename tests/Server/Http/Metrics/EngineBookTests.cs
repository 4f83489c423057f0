using LocalLlm.Engine;
using LocalLlm.Server.Http.Metrics;
using LocalLlm.Server.Residency;

namespace LocalLlm.Server.Tests.Http.Metrics;

/// <summary>Sums over engines that come and go.</summary>
public sealed class EngineBookTests
{
    private static readonly ServedModel s_model = new() { Names = ["talker"], Path = "talker.gguf" };

    [Fact]
    public async Task SumsGoOnWhenAModelIsLoadedAgain()
    {
        EngineBook book = new();
        ScriptedEngine first = new() { Status = new EngineStatus { GeneratedTokens = 10, StepsByTokens = [1, 2] } };
        book.Add(s_model, first);
        Assert.Equal(10, Total(book).GeneratedTokens);
        await EndAsync(book, first);
        Assert.Empty(book.Loaded());
        Assert.Equal(10, Total(book).GeneratedTokens);
        book.Add(s_model, new ScriptedEngine { Status = new EngineStatus { GeneratedTokens = 5, StepsByTokens = [0, 1, 4] } });
        Assert.Equal(15, Total(book).GeneratedTokens);
        Assert.Equal([1, 3, 4], Total(book).StepsBySequences.Take(3));
    }

    [Fact]
    public async Task WhatAnEngineSaidOnceIsNotTakenBack()
    {
        EngineBook book = new();
        ScriptedEngine engine = new() { Status = new EngineStatus { PromptTokens = 8, CachedTokens = 3 } };
        book.Add(s_model, engine);
        Assert.Equal((8, 3), (Total(book).PromptTokens, Total(book).CachedTokens));
        engine.Status = new EngineStatus { CachedTokens = 4 };
        Assert.Equal((8, 4), (Total(book).PromptTokens, Total(book).CachedTokens));
        engine.Status = new EngineStatus();
        await EndAsync(book, engine);
        Assert.Equal((8, 4), (Total(book).PromptTokens, Total(book).CachedTokens));
    }

    [Fact]
    public void EnginesOfOneModelAreAddedAndOthersAreNot()
    {
        EngineBook book = new();
        book.Add(s_model, new ScriptedEngine { Status = new EngineStatus { Steps = 1 } });
        book.Add(s_model, new ScriptedEngine { Status = new EngineStatus { Steps = 2 } });
        book.Add(s_model with { Names = ["other:v1"] }, new ScriptedEngine { Status = new EngineStatus { Steps = 4 } });
        Assert.Equal([("other:v1", 4L), ("talker:latest", 3L)], book.Totals().Select(total => (total.Model, total.Counters.Steps)));
    }

    private static EngineCounters Total(EngineBook book) => Assert.Single(book.Totals()).Counters;

    private static async Task EndAsync(EngineBook book, ScriptedEngine engine)
    {
        engine.End.SetResult();
        while (book.Loaded().Count > 0)
        {
            await Task.Yield();
        }
    }
}
