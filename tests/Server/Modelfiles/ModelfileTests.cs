using LocalLlm.Server.Modelfiles;

namespace LocalLlm.Server.Tests.Modelfiles;

/// <summary>What a Modelfile says.</summary>
public class ModelfileTests
{
    private const string Text = """
        FROM ./model.gguf
        FROM ./mmproj.gguf
        PARAMETER temperature 0.7
        PARAMETER num_ctx 4096
        PARAMETER use_mmap T
        PARAMETER stop <|im_end|>
        PARAMETER STOP "a b"
        PARAMETER temperature 1
        PARAMETER mirostat 2
        TEMPLATE {{ .Prompt }}
        SYSTEM first
        SYSTEM second
        ADAPTER one.gguf
        ADAPTER two.gguf 0.25
        LICENSE a
        LICENSE b
        MESSAGE user hi
        MESSAGE assistant hello
        REQUIRES v0.14
        RENDERER qwen3.5
        PARSER qwen3
        DRAFT d.gguf
        """;

    private static readonly Modelfile File = ModelfileParser.Parse(Text);

    [Fact]
    public void Repeatable_instructions_add_up_and_of_others_the_last_counts()
    {
        Assert.Equal(["./model.gguf", "./mmproj.gguf"], File.From);
        Assert.Equal([new("one.gguf", 1), new("two.gguf", 0.25)], File.Adapters);
        Assert.Equal(["a", "b"], File.Licenses);
        Assert.Equal(["d.gguf"], File.Drafts);
        Assert.Equal([("user", "hi"), ("assistant", "hello")], File.Messages.Select(message => (message.Role, message.Content)));
        Assert.Equal(("{{ .Prompt }}", "second"), (File.Template, File.System));
        Assert.Equal(("qwen3.5", "qwen3", "0.14"), (File.Renderer, File.Parser, File.Requires));
    }

    [Fact]
    public void Parameters_have_their_types() =>
        Assert.Equal("""{"temperature":1,"num_ctx":4096,"use_mmap":true,"stop":["<|im_end|>","a b"]}""", File.Parameters.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));

    [Fact]
    public void Options_that_no_longer_exist_are_reported_and_left_out() =>
        Assert.Equal(["(line 9): parameter mirostat is deprecated and has no effect"], File.Warnings);

    [Fact]
    public void What_is_not_said_is_null_and_what_is_emptied_is_empty()
    {
        Modelfile file = ModelfileParser.Parse("FROM a\nSYSTEM \"\"");
        Assert.Equal("", file.System);
        Assert.Null(file.Template);
        Assert.Null(file.Requires);
        Assert.Empty(file.Parameters);
        Assert.Empty(file.Warnings);
    }
}
