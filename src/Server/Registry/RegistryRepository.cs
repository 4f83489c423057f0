using LocalLlm.Server.Models;

namespace LocalLlm.Server.Registry;

/// <summary>Where a model's manifests and blobs are at a registry, by the rules of the Docker Registry HTTP API, version 2, which the OCI distribution specification took over.</summary>
internal sealed record RegistryRepository
{
    /// <summary>The repository of a model.</summary>
    /// <param name="name">The model.</param>
    /// <param name="insecure">Whether plain HTTP is spoken in place of HTTPS.</param>
    /// <exception cref="RegistryException">The name's host is no address.</exception>
    public RegistryRepository(ModelName name, bool insecure)
    {
        Name = name;
        string scheme = insecure ? Uri.UriSchemeHttp : Uri.UriSchemeHttps;
        Root = Uri.TryCreate($"{scheme}://{name.Host}/v2/{name.Namespace}/{name.Model}/", UriKind.Absolute, out Uri? root)
            ? root
            : throw new RegistryException($"'{name.Host}' is no address of a registry: write host or host:port");
    }

    /// <summary>The model.</summary>
    public ModelName Name { get; }

    /// <summary>Who asks; null for anybody.</summary>
    public RegistryLogin? Login { get; init; }

    /// <summary>Whether it is to be written to, which takes other tokens than reading.</summary>
    public bool IsForPush { get; init; }

    /// <summary>What all addresses of the repository begin with.</summary>
    public Uri Root { get; }

    /// <summary>Address of the model's manifest.</summary>
    public Uri Manifest => new(Root, $"manifests/{Name.Tag}");

    /// <summary>Address of a blob.</summary>
    /// <param name="digest">As manifests write it.</param>
    public Uri Blob(string digest) => new($"{Root}blobs/{digest}");

    /// <summary>Address at which uploads begin.</summary>
    public Uri Uploads => new(Root, "blobs/uploads/");

    /// <summary>Whether an address belongs to the registry itself, so that what is secret to it may go there.</summary>
    public bool Owns(Uri address) => address.Scheme == Root.Scheme && address.Authority.Equals(Root.Authority, StringComparison.OrdinalIgnoreCase);
}
