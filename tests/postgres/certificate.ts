import selfsigned from "npm:selfsigned@5.5.0";

/** A certificate for 127.0.0.1 and localhost that vouches for itself; PEM. */
export async function makeCertificate(): Promise<
  { readonly certificate: string; readonly key: string }
> {
  const { cert, private: key } = await selfsigned.generate(
    [{ name: "commonName", value: "localhost" }],
    {
      keyType: "ec",
      algorithm: "sha256",
      extensions: [
        { name: "basicConstraints", cA: false },
        {
          name: "subjectAltName",
          altNames: [
            { type: 2, value: "localhost" },
            { type: 7, ip: "127.0.0.1" },
          ],
        },
      ],
    },
  );
  return { certificate: cert, key };
}
