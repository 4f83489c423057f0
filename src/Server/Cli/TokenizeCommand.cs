using System.CommandLine;
using System.Text.Json;
using LocalLlm.Engine.Tokenization;
using LocalLlm.Gguf;

namespace LocalLlm.Server.Cli;

/// <summary><c>tokenize</c>: text to token ids and back, by a model's own vocabulary. Weights are not touched, so a file without tensors does.</summary>
internal static class TokenizeCommand
{
    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> model = new("MODEL") { Description = "A model's name, or the path of a GGUF file" };
        Argument<string?> text = new("TEXT") { Description = "The text, special tokens parsed; standard input if absent. With --decode: ids, as a JSON array or separated by commas or spaces", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> addSpecial = new("--add-special") { Description = "Add the begin and end tokens that the model wants" };
        Option<bool> decode = new("--decode") { Description = "Turn ids into text" };
        Command command = new("tokenize", "Print the token ids of a text as a JSON array.") { model, text, addSpecial, decode };
        command.SetAction(result =>
        {
            using GgufFile file = GgufFile.Open(host.Models.Resolve(result.GetRequiredValue(model)).Path);
            Tokenizer tokenizer = Tokenizer.Load(file.Metadata);
            string input = result.GetValue(text) ?? host.In.ReadToEnd();
            if (result.GetValue(decode))
            {
                host.Out.Write(tokenizer.Decode(TokenList.Parse(input)));
            }
            else
            {
                host.Out.WriteLine(JsonSerializer.Serialize(tokenizer.Encode(input, result.GetValue(addSpecial), parseSpecial: true)));
            }
            return 0;
        });
        return command;
    }
}
