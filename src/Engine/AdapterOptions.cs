namespace LocalLlm.Engine;

/// <summary>A LoRA adapter (Hu et al. 2021, arXiv:2106.09685) that a model is loaded with.</summary>
/// <param name="Path">A GGUF file, or a directory as peft writes it (<c>adapter_config.json</c>, <c>adapter_model.safetensors</c>).</param>
/// <param name="Scale">Multiplies what the adapter adds; 1 for what it was trained to, 0 for nothing.</param>
public sealed record AdapterOptions(string Path, float Scale = 1f);
