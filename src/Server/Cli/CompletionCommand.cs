using System.CommandLine;

namespace LocalLlm.Server.Cli;

/// <summary><c>completion</c>: prints what a shell needs to complete commands, options and names of models. The scripts ask this program at each Tab.</summary>
internal static class CompletionCommand
{
    // A colon parts words of bash's own making, so that what stands before the last one of the word must not be in the answers.
    private const string Bash = """"
        # bash completion for localllm: eval "$(localllm completion bash)"
        _localllm() {
          local line=${COMP_LINE:0:COMP_POINT} word answer
          word=${line##*[[:space:]]}
          COMPREPLY=()
          # Not by compgen -W, which would expand what the answers hold.
          while IFS= read -r answer; do
            if [[ $answer == "$word"* ]]; then COMPREPLY+=("$answer"); fi
          done < <(localllm "[suggest:${#line}]" "$line" 2>/dev/null)
          if [[ $word == *:* && $COMP_WORDBREAKS == *:* ]]; then
            COMPREPLY=("${COMPREPLY[@]#"${word%"${word##*:}"}"}")
          fi
        }
        complete -o bashdefault -o default -F _localllm localllm
        """";

    private const string Zsh = """"
        #compdef localllm
        # zsh completion for localllm: source <(localllm completion zsh), or this as a file _localllm in a folder of $fpath
        _localllm() {
          local line="${BUFFER[1,CURSOR]}"
          local -a found
          found=("${(@f)$(localllm "[suggest:${#line}]" "$line" 2>/dev/null)}")
          found=(${found:#})
          (( ${#found} )) && compadd -a found || _files
        }
        if [ "${funcstack[1]}" = "_localllm" ]; then _localllm "$@"; else compdef _localllm localllm; fi
        """";

    private const string Fish = """"
        # fish completion for localllm: localllm completion fish | source
        function __localllm_complete
          set -l line (commandline -cp)
          localllm "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c localllm -a '(__localllm_complete)'
        """";

    /// <summary>Makes the command.</summary>
    public static Command Create(CliHost host)
    {
        Argument<string> shell = new("SHELL") { Description = "bash, zsh or fish" };
        shell.CompletionSources.Add("bash", "zsh", "fish");
        Command command = new("completion", "Print a script that completes commands and names of models in a shell.") { shell };
        command.SetAction(result => host.Out.WriteLine(result.GetRequiredValue(shell) switch
        {
            "bash" => Bash,
            "zsh" => Zsh,
            "fish" => Fish,
            var other => throw new CommandLineException($"completion knows bash, zsh and fish, not '{other}'."),
        }));
        return command;
    }
}
